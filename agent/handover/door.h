// Door: the Unix socket at which an agent is asked to hand over.
//
// Its path may be longer than an address of a Unix socket holds (107 bytes): it is reached through its folder's descriptor. Who opens the door
// must hold the lock of the data directory, because a socket that is left from a process that is gone is replaced.
//
// Thread-safety: functions without state. Errors: NOT_FOUND: nobody is at the door (no file, or nobody listens). PERMISSION_DENIED /
// UNAVAILABLE with path and reason else.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "agent/handover/descriptor.h"
#include "common/base/clock.h"

namespace switchyard::agent::handover {

// Listens, mode 0600, without blocking.
absl::StatusOr<Descriptor> OpenDoor(const std::string& path);
// Connects; what is sent and received later waits at most `patience`.
absl::StatusOr<Descriptor> Knock(const std::string& path, Duration patience);

// Who is at the other end.
struct Caller {
  pid_t pid = 0;
  // Of our own user, or root: nobody else may have what an agent holds.
  bool trusted = false;
};
Caller CallerOf(int socket);

}  // namespace switchyard::agent::handover
