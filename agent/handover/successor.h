// Successor: the new agent's part of a hand-over: asks the old one for what it holds, serves with it, and claims it.
//
// Used while the agent starts, before its loop runs; it blocks, each step at most 10 s. Whatever fails, the old agent goes on as if nothing had
// been asked, because everything that came is a copy of what it holds, and the socket is closed.
//
// Thread-safety: one thread. Bounds: 128 MiB of snapshot, 65536 sockets.
// Errors: each says why the old agent, or this one, would not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/handover/descriptor.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::handover {

// What the old agent holds, as copies.
struct Inheritance {
  // Of the old process.
  std::string instance;
  std::string version;
  std::uint64_t generation = 0;
  // The bytes of a last-good file; empty with generation 0.
  std::string snapshot;
  Descriptor link;
  Descriptor directory_lock;
  Descriptor door;
  Descriptor admin_socket;
  std::string admin_address;
  std::map<std::string, std::vector<Descriptor>> sockets;  // by address of a listener
  std::vector<std::string> ticket_keys;
};

// Nothing: nobody is at the door, so the agent starts as usual.
absl::StatusOr<std::optional<Inheritance>> AskForHandover(const std::string& door, const std::string& instance, const std::string& version);

// The new agent serves `generation`. OK: everything is its own now. That the old one ended meanwhile is no failure: what it held is here.
absl::Status Claim(const Inheritance& inheritance, std::uint64_t generation);

}  // namespace switchyard::agent::handover
