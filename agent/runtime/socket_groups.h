// SocketGroups: the listening addresses of this agent, each with one socket per worker.
//
// Keyed by address, not by listener: so listeners that trade places keep the sockets, and a change that leaves an address alone touches
// none. Thread-safety: the data plane's thread. Descriptors are handed to acceptors by Take; those not taken are closed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::runtime {

class SocketGroups {
 public:
  explicit SocketGroups(unsigned workers) : workers_(workers) {}
  ~SocketGroups();
  SocketGroups(const SocketGroups&) = delete;
  SocketGroups& operator=(const SocketGroups&) = delete;

  // OK when the address is open already or could be opened now.
  absl::Status Open(const Endpoint& endpoint);
  // The sockets opened since the last call, by address, one per worker. The caller owns them.
  std::map<std::string, std::vector<int>> TakeNew();
  // Forgets every address that is not in `wanted`; their acceptors close the sockets.
  void Keep(const std::map<std::string, std::string>& wanted);

 private:
  const unsigned workers_;
  std::map<std::string, std::uint16_t> open_;  // address -> port
  std::map<std::string, std::vector<int>> new_;
};

}  // namespace switchyard::agent::runtime
