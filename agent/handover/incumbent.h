// Incumbent: the serving agent's part of a hand-over: waits at the door for a new process, gives it copies of all it holds, and lets go once
// the new one serves.
//
//   waiting -> asked (one caller; others are refused) -> offered -> yielded
//                  \______ caller gone, or 30 s over: waiting again, nothing has changed
//
// Thread-safety: the thread of the io_context. Bounds: one caller at a time, 30 s from asking to being ready. Errors: a caller that breaks the
// protocol or is not of our user is refused; the agent goes on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/handover/descriptor.h"
#include "switchyard/v1/handover.pb.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::handover {

// What there is to give, as copies.
struct Holdings {
  v1::HandoverOffer facts;  // without items
  std::string snapshot;     // bytes of a last-good file; empty: none
  Descriptor directory_lock;
  Descriptor admin_socket;
  std::map<std::string, std::vector<Descriptor>> sockets;
};

struct IncumbentHooks {
  // Somebody wants to take over. Change nothing from now on, and call `give` once, with what there is or why not.
  std::function<void(const v1::HandoverHello& who, std::function<void(absl::StatusOr<Holdings>)> give)> asked;
  // They left before they were ready: go on as before.
  std::function<void(const std::string& why)> abandoned;
  // They serve; `pid` is theirs. Everything that was given must be let go of before this returns.
  std::function<void(pid_t pid)> yield;
};

class Incumbent {
 public:
  // `door` listens already.
  static std::unique_ptr<Incumbent> Start(boost::asio::io_context& context, Descriptor door, IncumbentHooks hooks);
  virtual ~Incumbent() = default;
  // A hand-over is under way.
  virtual bool busy() const = 0;
  // Nobody can take over any more.
  virtual void Close() = 0;
  // After the yield: tells the new agent how far the end is. Dropped when it does not listen.
  virtual void Tell(std::uint64_t open_connections, std::uint32_t ends_within_seconds) = 0;
};

}  // namespace switchyard::agent::handover
