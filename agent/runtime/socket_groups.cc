#include "agent/runtime/socket_groups.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/listener/acceptor.h"

namespace switchyard::agent::runtime {

SocketGroups::~SocketGroups() {
  for (const auto& [address, sockets] : new_) {
    for (const int fd : sockets) close(fd);
  }
}

absl::Status SocketGroups::Open(const Endpoint& endpoint) {
  const std::string address = endpoint.ToString();
  if (open_.contains(address)) return absl::OkStatus();
  // A listener that moves between one address and all of them keeps its port while the old sockets are still open: they are no stranger.
  const bool ours = std::ranges::any_of(open_, [&](const auto& entry) { return entry.second == endpoint.port(); });
  absl::StatusOr<std::vector<int>> sockets = listener::OpenListeningSockets(endpoint, workers_, ours);
  if (!sockets.ok()) return sockets.status();
  open_[address] = endpoint.port();
  new_[address] = *std::move(sockets);
  return absl::OkStatus();
}

std::map<std::string, std::vector<int>> SocketGroups::TakeNew() { return std::exchange(new_, {}); }

void SocketGroups::Keep(const std::map<std::string, std::string>& wanted) {
  std::erase_if(open_, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

}  // namespace switchyard::agent::runtime
