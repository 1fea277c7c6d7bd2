#include "agent/upstream/upstream_state.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace switchyard::agent::upstream {

using loop::Ref;

BackendState::BackendState(loop::EventLoop& loop, const std::string& upstream, const BackendConfig& config, const PoolLimits& limits,
                           report::Window& departed)
    : loop_(loop),
      upstream_(upstream),
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
  if (selection_ != nullptr) selection_->SetInFlight(member_, in_flight);
}

void BackendState::AttemptEnded(const breaker::AttemptResult& result) {
  Count(in_flight_ - 1);
  if (result.outcome == breaker::Outcome::kAbandoned) {
    evidence_.OnAbandoned(loop_.Now(), result.latency);
  } else if (result.outcome == breaker::Outcome::kSuccess) {
    evidence_.OnSuccess(loop_.Now(), result.latency);
  } else {
    evidence_.OnFailure(loop_.Now(), breaker::SeverityOf(result.outcome));
  }
}

report::BackendWindow BackendState::Collect() {
  report::BackendWindow out = std::exchange(window_, {});
  out.in_flight = in_flight_;
  out.connections = pool_->connections();
  return out;
}

UpstreamState::UpstreamState(loop::EventLoop& loop, std::shared_ptr<const UpstreamConfig> config, UpstreamState* previous,
                             report::Window& departed)
    : loop_(loop), config_(std::move(config)), standings_(config_->backends.size()) {
  std::unordered_map<std::string, Ref<BackendState>> known;
  if (previous != nullptr) {
    for (const auto& backend : previous->backends_) known.emplace(backend->address(), backend);
  }
  std::vector<const balancer::LocalEvidence*> evidence;
  std::vector<bool> is_new;
  for (const BackendConfig& backend : config_->backends) {
    Ref<BackendState>& state = known[backend.address];
    is_new.push_back(!state);
    if (!state) state = Ref<BackendState>(new BackendState(loop, config_->name, backend, config_->pool, departed));
    state->pool_->Configure(config_->pool);
    if (backend.disabled) state->pool_->CloseIdle();
    backends_.push_back(state);
    evidence.push_back(&state->evidence_);
  }
  selection_ = std::make_unique<balancer::Selection>(config_->plan, evidence, loop.random());
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    BackendState& state = *backends_[i];
    if (state.selection_ != nullptr) selection_->slow_start(i) = state.selection_->slow_start(state.member_);
    // One that joins others warms up; those an agent starts with do not.
    if (is_new[i] && previous != nullptr) selection_->slow_start(i).Begin(loop.Now());
    state.selection_ = selection_.get();
    state.member_ = i;
    selection_->SetInFlight(i, state.in_flight_);
  }
}

UpstreamState::~UpstreamState() {
  for (const auto& backend : backends_) {
    if (backend->selection_ == selection_.get()) backend->selection_ = nullptr;
  }
}

void UpstreamState::Refresh(TimePoint now) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    const BackendConfig& backend = config_->backends[i];
    balancer::Standing& standing = standings_[i];
    standing.active = backend.active;
    standing.healthy = backend.health->usable();
    BackendState& state = *backends_[i];
    if (state.selection_ != selection_.get()) continue;
    const bool good = standing.active && standing.healthy && backend.weight > 0 && !standing.ejected;
    if (good && !std::exchange(state.was_good_, good)) selection_->slow_start(i).Begin(now);
    state.was_good_ = good;
  }
  selection_->Refresh(now, standings_);
}

std::size_t UpstreamState::IndexOf(const BackendState* backend) const {
  if (backend == nullptr) return balancer::kNone;
  const auto at = std::find_if(backends_.begin(), backends_.end(), [&](const auto& one) { return one.get() == backend; });
  return at == backends_.end() ? balancer::kNone : static_cast<std::size_t>(at - backends_.begin());
}

Affinity UpstreamState::AffinityOf(const codec::RequestHead& head, std::string_view client_ip) const {
  Affinity affinity;
  if (!config_->hash_sources.empty()) affinity.key = KeyOf(config_->hash_sources, head, client_ip);
  if (config_->sticky) {
    const std::optional<std::uint64_t> id = ParseSessionId(CookieOf(head.headers, config_->sticky->cookie));
    const auto at = id ? config_->sessions.find(*id) : config_->sessions.end();
    if (at != config_->sessions.end()) affinity.session = at->second;
  }
  return affinity;
}

BackendState* UpstreamState::Pick(const Affinity& affinity, const BackendState* avoid) {
  const TimePoint now = loop_.Now();
  if (selection_->RefreshDue(now)) Refresh(now);
  const std::size_t avoided = IndexOf(avoid);
  if (affinity.session < backends_.size() && affinity.session != avoided && selection_->usable(affinity.session)) {
    return backends_[affinity.session].get();
  }
  const std::size_t picked = selection_->Pick(affinity.key, avoided, now, loop_.random());
  return picked == balancer::kNone ? nullptr : backends_[picked].get();
}

std::string UpstreamState::SessionCookie(const Affinity& affinity, const BackendState& backend) const {
  if (!config_->sticky) return {};
  if (affinity.session < backends_.size() && backends_[affinity.session].get() == &backend) return {};
  return SetCookie(*config_->sticky, SessionIdOf(config_->name, backend.address()));
}

}  // namespace switchyard::agent::upstream
