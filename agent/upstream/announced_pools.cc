#include "agent/upstream/announced_pools.h"

#include <algorithm>

namespace switchyard::agent::upstream {

using loop::Ref;

Ref<ConnectionPool> AnnouncedPools::Get(std::string_view header) {
  std::string key(header);
  if (const auto at = pools_.find(key); at != pools_.end()) return at->second;
  Sweep();
  if (connections() >= limits_.max_connections) {
    CloseIdle();
    Sweep();
  }
  // One waiter at least is behind each pool that has no connection yet, so they count too.
  if (std::max<std::size_t>(connections(), pools_.size()) >= limits_.max_connections) return nullptr;
  const Ref<ConnectionPool> pool(new ConnectionPool(loop_, backend_, limits_, key));
  pools_.emplace(std::move(key), pool);
  return pool;
}

void AnnouncedPools::Configure(const PoolLimits& limits) {
  limits_ = limits;
  limits_.idle_timeout = std::min(limits.idle_timeout, kLongestIdle);
  for (const auto& [header, pool] : pools_) pool->Configure(limits_);
}

void AnnouncedPools::CloseIdle() {
  for (const auto& [header, pool] : pools_) pool->CloseIdle();
}

void AnnouncedPools::Close() {
  for (const auto& [header, pool] : pools_) pool->Close();
}

std::uint32_t AnnouncedPools::connections() const {
  std::uint32_t sum = 0;
  for (const auto& [header, pool] : pools_) sum += pool->connections();
  return sum;
}

void AnnouncedPools::AddTo(report::BackendWindow& window) const {
  for (const auto& [header, pool] : pools_) {
    window.connections += pool->connections();
    window.idle += pool->idle();
    window.connecting += pool->connecting();
    window.waiting += pool->waiting();
  }
}

void AnnouncedPools::Sweep() {
  std::erase_if(pools_, [](const auto& entry) { return entry.second->connections() == 0 && !entry.second->waited_for(); });
}

}  // namespace switchyard::agent::upstream
