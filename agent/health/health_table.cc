#include "agent/health/health_table.h"

#include <algorithm>

namespace switchyard::agent::health {

const char* HealthStateName(HealthState state) {
  switch (state) {
    case HealthState::kUnknown: return "unknown";
    case HealthState::kHealthy: return "healthy";
    case HealthState::kUnhealthy: return "unhealthy";
  }
  return "unknown";
}

// A newline cannot stand in a resource name, so two keys never collide.
std::string HealthTable::KeyOf(const std::string& upstream, const std::string& address) { return upstream + '\n' + address; }

std::shared_ptr<BackendHealth> HealthTable::Get(const std::string& upstream, const std::string& address) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<BackendHealth>& slot = entries_[KeyOf(upstream, address)];
  if (std::shared_ptr<BackendHealth> held = slot.lock()) return held;
  auto made = std::make_shared<BackendHealth>();
  slot = made;
  if (entries_.size() >= sweep_at_) SweepLocked();
  return made;
}

HealthState HealthTable::StateOf(const std::string& upstream, const std::string& address) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(KeyOf(upstream, address));
  if (found == entries_.end()) return HealthState::kUnknown;
  const std::shared_ptr<BackendHealth> held = found->second.lock();
  return held ? held->state() : HealthState::kUnknown;
}

std::size_t HealthTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void HealthTable::SweepLocked() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<std::size_t>(64, entries_.size() * 2);
}

}  // namespace switchyard::agent::health
