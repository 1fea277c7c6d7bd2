#include "agent/runtime/socket_groups.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/listener/acceptor.h"

namespace switchyard::agent::runtime {

namespace {

void CloseAll(const std::map<std::string, std::vector<int>>& groups) {
  for (const auto& [address, sockets] : groups) {
    for (const int fd : sockets) close(fd);
  }
}

}  // namespace

SocketGroups::~SocketGroups() {
  CloseAll(new_);
  DropInherited();
}

void SocketGroups::DropInherited() { CloseAll(std::exchange(inherited_, {})); }

absl::Status SocketGroups::Open(const Endpoint& endpoint) {
  const std::string address = endpoint.ToString();
  if (open_.contains(address)) return absl::OkStatus();
  // A listener that moves between one address and all of them keeps its port while the old sockets are still open: they are no stranger.
  const bool ours = std::ranges::any_of(open_, [&](const auto& entry) { return entry.second == endpoint.port(); });
  std::vector<int> have;
  if (const auto at = inherited_.find(address); at != inherited_.end()) {
    have = std::move(at->second);
    inherited_.erase(at);
  }
  const unsigned lacking = have.size() < workers_ ? workers_ - static_cast<unsigned>(have.size()) : 0;
  absl::StatusOr<std::vector<int>> sockets = std::vector<int>();
  if (lacking > 0) sockets = listener::OpenListeningSockets(endpoint, lacking, ours || !have.empty());
  if (!sockets.ok()) {
    for (const int fd : have) close(fd);
    return sockets.status();
  }
  sockets->insert(sockets->begin(), have.begin(), have.end());
  open_[address] = endpoint.port();
  new_[address] = *std::move(sockets);
  return absl::OkStatus();
}

std::map<std::string, std::vector<int>> SocketGroups::TakeNew() { return std::exchange(new_, {}); }

void SocketGroups::Keep(const std::map<std::string, std::string>& wanted) {
  std::erase_if(open_, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

}  // namespace switchyard::agent::runtime
