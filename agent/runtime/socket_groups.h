// SocketGroups: the listening addresses of this agent, each with at least one socket per worker.
//
// Sockets may be inherited from the process before (an upgrade): they are used as they are, however many there are, because closing one of a
// group resets the connections in its queue; worker i accepts from each i-th. Where there are fewer than workers, the rest is opened.
//
// Keyed by address, not by listener: so listeners that trade places keep the sockets, and a change that leaves an address alone touches
// none. Thread-safety: the data plane's thread. Descriptors are handed to acceptors by Take; those not taken are closed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::runtime {

class SocketGroups {
 public:
  // `inherited`: owned from here on.
  SocketGroups(unsigned workers, std::map<std::string, std::vector<int>> inherited) : workers_(workers), inherited_(std::move(inherited)) {}
  ~SocketGroups();
  SocketGroups(const SocketGroups&) = delete;
  SocketGroups& operator=(const SocketGroups&) = delete;

  // OK when the address is open already or could be opened now.
  absl::Status Open(const Endpoint& endpoint);
  // The sockets opened since the last call, by address, at least one per worker. The caller owns them.
  std::map<std::string, std::vector<int>> TakeNew();
  // Forgets every address that is not in `wanted`; their acceptors close the sockets.
  void Keep(const std::map<std::string, std::string>& wanted);
  // Closes what was inherited and not used.
  void DropInherited();

 private:
  const unsigned workers_;
  std::map<std::string, std::uint16_t> open_;  // address -> port
  std::map<std::string, std::vector<int>> new_;
  std::map<std::string, std::vector<int>> inherited_;
};

}  // namespace switchyard::agent::runtime
