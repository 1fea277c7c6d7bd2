#include "agent/upstream/upstream_state.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace switchyard::agent::upstream {
namespace {
constexpr Duration kRefreshEvery = std::chrono::milliseconds(10);
}  // namespace

using loop::Ref;

BackendState::BackendState(loop::EventLoop& loop, const std::string& upstream, const BackendConfig& config, const PoolLimits& limits,
                           report::Window& departed)
    : upstream_(upstream),
      address_(config.address),
      endpoint_(config.endpoint),
      pool_(new ConnectionPool(loop, config.endpoint, limits)),
      departed_(departed) {}

BackendState::~BackendState() {
  pool_->Close();
  report::Window last;
  last.backends[upstream_][address_] = Collect();
  departed_.Merge(last);
}

void BackendState::Count(std::uint32_t in_flight) {
  in_flight_ = in_flight;
  if (facts_ != nullptr) facts_->in_flight = in_flight;
}

report::BackendWindow BackendState::Collect() {
  report::BackendWindow out = std::exchange(window_, {});
  out.in_flight = in_flight_;
  out.connections = pool_->connections();
  return out;
}

UpstreamState::UpstreamState(loop::EventLoop& loop, std::shared_ptr<const UpstreamConfig> config, UpstreamState* previous,
                             report::Window& departed)
    : loop_(loop), config_(std::move(config)), facts_(config_->backends.size()) {
  std::unordered_map<std::string, Ref<BackendState>> known;
  if (previous != nullptr) {
    for (const auto& backend : previous->backends_) known.emplace(backend->address(), backend);
  }
  for (std::size_t i = 0; i < config_->backends.size(); ++i) {
    const BackendConfig& backend = config_->backends[i];
    Ref<BackendState>& state = known[backend.address];
    if (!state) state = Ref<BackendState>(new BackendState(loop, config_->name, backend, config_->pool, departed));
    state->pool_->Configure(config_->pool);
    if (backend.disabled) state->pool_->CloseIdle();
    state->facts_ = &facts_[i];
    facts_[i] = {backend.weight, state->in_flight_, true};
    backends_.push_back(state);
  }
  balancer_ = balancer::MakeBalancer(config_->balancer, facts_, loop.random());
}

UpstreamState::~UpstreamState() {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i]->facts_ == &facts_[i]) backends_[i]->facts_ = nullptr;
  }
}

void UpstreamState::RefreshUsable(TimePoint now) {
  if (refreshed_ && now - *refreshed_ < kRefreshEvery) return;
  refreshed_ = now;
  bool any = false;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const BackendConfig& backend = config_->backends[i];
    facts_[i].usable = backend.active && backend.weight > 0 && backend.health->usable();
    any = any || facts_[i].usable;
  }
  if (any) return;
  // Panic: probes left nobody. A wrong probe must not turn a working upstream off.
  for (std::size_t i = 0; i < facts_.size(); ++i) facts_[i].usable = config_->backends[i].active && config_->backends[i].weight > 0;
}

BackendState* UpstreamState::Pick(const BackendState* avoid) {
  RefreshUsable(loop_.Now());
  std::size_t avoided = balancer::kNone;
  if (avoid != nullptr) {
    const auto at = std::find_if(backends_.begin(), backends_.end(), [&](const auto& backend) { return backend.get() == avoid; });
    if (at != backends_.end()) avoided = static_cast<std::size_t>(at - backends_.begin());
  }
  const std::size_t picked = balancer_->Pick(facts_, avoided, loop_.random());
  return picked == balancer::kNone ? nullptr : backends_[picked].get();
}

}  // namespace switchyard::agent::upstream
