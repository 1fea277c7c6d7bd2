#include "agent/upstream/upstream_state.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "agent/codec/endpoint_load.h"

namespace switchyard::agent::upstream {

using loop::Ref;

namespace {
constexpr double kMostUtilization = 10;
}  // namespace

BackendState::BackendState(loop::EventLoop& loop, const std::string& upstream, const BackendConfig& config, const PoolLimits& limits,
                           report::Window& departed)
    : loop_(loop),
      upstream_(upstream),
      address_(config.address),
      endpoint_(config.endpoint),
      pool_(new ConnectionPool(loop, config.endpoint, limits)),
      announced_(loop, config.endpoint),
      departed_(departed) {
  pool_->OnUnheard([this](Cause cause) { ConnectFailed(cause); });
}

BackendState::~BackendState() {
  pool_->OnUnheard({});
  pool_->Close();
  announced_.Close();
  report::Window last;
  last.backends[upstream_][address_] = Collect();
  departed_.Merge(last);
}

balancer::Ticket BackendState::AttemptStarted(const breaker::RouteName& route) {
  if (picker_ != nullptr) return picker_->Started(member_, loop_.Now(), route.id);
  ++record_.in_flight;
  return {};
}

void BackendState::AttemptEnded(const balancer::Ticket& ticket, const breaker::AttemptResult& result, const breaker::RouteName& route) {
  bool by_route = false;
  if (picker_ != nullptr) {
    by_route = picker_->Ended(member_, ticket, result, loop_.Now(), loop_.random(), route);
  } else {
    --record_.in_flight;
  }
  if (by_route || troubled_ != nullptr) [[unlikely]] {
    if (CountForRoute(result, route.id, by_route)) return;
  }
  if (result.outcome == breaker::Outcome::kSuccess) {
    ++evidence_.succeeded;
  } else if (breaker::IsLocal(result.outcome)) {
    ++evidence_.unanswered;
  } else if (breaker::IsFailure(result.outcome)) {
    ++evidence_.failed;
  }
}

bool BackendState::CountForRoute(const breaker::AttemptResult& result, std::uint64_t route, bool bad) {
  using Result = report::TroubledRoutes::Result;
  if (route == 0 || !breaker::ConcernsRoute(result.outcome)) return false;
  if (troubled_ == nullptr) troubled_ = std::make_unique<report::TroubledRoutes>();
  const Result kind = result.outcome == breaker::Outcome::kSuccess ? Result::kSucceeded
                      : breaker::IsLocal(result.outcome)           ? Result::kUnanswered
                                                                   : Result::kFailed;
  return troubled_->Count(route, kind, result.latency, bad, loop_.Now());
}

void BackendState::ConnectFailed(Cause cause) {
  ++window_.failures[CauseIndex(cause)];
  AttemptEnded(AttemptStarted(), {breaker::OutcomeOf(cause), {}});
}

void BackendState::TakeLoad(std::string_view text, Duration latency) {
  const std::optional<codec::EndpointLoad> load = codec::ReadEndpointLoad(text);
  if (!load) return;
  if (load->utilization() >= 0) {
    ++window_.load_samples;
    window_.load_sum += std::min(load->utilization(), kMostUtilization);
  }
  if (load->in_flight < 0 || picker_ == nullptr) return;
  // It counts us in; we are done.
  balancer::Report report;
  report.rif = static_cast<float>(std::max(0.0, load->in_flight - 1));
  report.service = static_cast<float>(std::chrono::duration<double>(latency).count() / std::max(1.0, load->in_flight));
  const double rate = load->requests_per_second;
  report.error = load->errors_per_second > 0 && rate > 0 ? static_cast<float>(std::min(1.0, load->errors_per_second / rate)) : 0;
  report.at = loop_.Now();
  picker_->OnReport(member_, report);
}

std::optional<report::BackendEvidence> BackendState::TakeEvidence() {
  std::vector<report::RouteEvidence> routes;
  if (troubled_ != nullptr) {
    troubled_->Take(routes, loop_.Now());
    if (troubled_->empty()) troubled_.reset();
  }
  if (routes.empty() && !evidence_.any() && record_.in_flight == in_flight_told_) return std::nullopt;
  report::BackendEvidence out{std::exchange(evidence_, {}), std::move(routes)};
  out.counts.in_flight = in_flight_told_ = record_.in_flight;
  return out;
}

report::BackendWindow BackendState::Collect() {
  report::BackendWindow out = std::exchange(window_, {});
  out.in_flight = record_.in_flight;
  out.connections = pool_->connections();
  out.idle = pool_->idle();
  out.connecting = pool_->connecting();
  out.waiting = pool_->waiting();
  announced_.AddTo(out);
  const breaker::State state = record_.breaker.state();
  ++out.breakers[static_cast<std::size_t>(state)];
  out.breaker_opened = record_.breaker.opened() - std::exchange(opened_told_, record_.breaker.opened());
  out.ejections = record_.outlier.ejections() - std::exchange(ejections_told_, record_.outlier.ejections());
  out.ejected = record_.outlier.ejected() ? 1 : 0;
  if (state != breaker::State::kClosed) out.reason = NameOf(record_.breaker.reason());
  if (record_.outlier.ejected()) out.reason = NameOf(record_.outlier.reason());
  out.breaker_opened += record_.routes_opened - std::exchange(routes_opened_told_, record_.routes_opened);
  if (troubled_ != nullptr) {
    out.latency_of_routes = troubled_->Latencies(loop_.Now());
    if (troubled_->empty()) troubled_.reset();
  }
  out.routes_refused = record_.routes_refused - std::exchange(routes_refused_told_, record_.routes_refused);
  if (record_.routes == nullptr) return out;
  for (const auto& one : record_.routes->all()) {
    if (one->breaker.state() == breaker::State::kClosed) continue;
    report::RouteTrouble& trouble = out.routes[one->name()];
    ++trouble.breakers[static_cast<std::size_t>(one->breaker.state())];
    trouble.reason = NameOf(one->breaker.reason());
  }
  return out;
}

UpstreamState::UpstreamState(loop::EventLoop& loop, std::shared_ptr<const UpstreamConfig> config, UpstreamState* previous,
                             report::Window& departed)
    : loop_(loop), config_(std::move(config)), usage_(previous == nullptr ? Ref<Usage>(new Usage()) : previous->usage_) {
  std::unordered_map<std::string, Ref<BackendState>> known;
  if (previous != nullptr) {
    for (const auto& backend : previous->backends_) known.emplace(backend->address(), backend);
  }
  std::vector<balancer::BackendRecord*> records;
  for (const BackendConfig& backend : config_->backends) {
    Ref<BackendState>& state = known[backend.address];
    if (!state) state = Ref<BackendState>(new BackendState(loop, config_->name, backend, config_->pool, departed));
    state->left_out_ = backend.health->fleet().left_out();
    state->pool_->Configure(PoolOf(backend, state->left_out_));
    state->announced_.Configure(config_->pool);
    if (backend.disabled) {
      state->pool_->CloseIdle();
      state->announced_.CloseIdle();
    }
    backends_.push_back(state);
    records.push_back(&state->record_);
  }
  picker_ = std::make_unique<balancer::Picker>(config_->picking, std::move(records), previous != nullptr, loop.Now(), loop.random());
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    backends_[i]->picker_ = picker_.get();
    backends_[i]->member_ = i;
    has_both_families_ = has_both_families_ || backends_[i]->endpoint().is_v6() != backends_[0]->endpoint().is_v6();
  }
  if (config_->retry) usage_->retry_budget.Configure(config_->retry->budget, config_->retry->min_per_second);
}

PoolLimits UpstreamState::PoolOf(const BackendConfig& backend, bool left_out) const {
  PoolLimits limits = config_->pool;
  if (!backend.active || backend.weight == 0 || left_out) limits.min_idle = 0;
  return limits;
}

UpstreamState::~UpstreamState() {
  for (const auto& backend : backends_) {
    if (backend->picker_ == picker_.get()) backend->picker_ = nullptr;
  }
}

void UpstreamState::Refresh(TimePoint now) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    picker_->SetBasis(i, config_->backends[i].active, config_->backends[i].health->usable());
    TakeFleet(i);
  }
  TakeOthers(now);
  picker_->Refresh(now);
}

void UpstreamState::TakeFleet(std::size_t at) {
  const health::FleetWord& word = config_->backends[at].health->fleet();
  balancer::FleetSay say;
  const health::FleetVerdict verdict = word.verdict();
  say.effective = word.weight();
  say.share = verdict == health::FleetVerdict::kReduced ? word.share() : 1;
  say.ejected = verdict == health::FleetVerdict::kEjected;
  say.forced_out = verdict == health::FleetVerdict::kForcedOut;
  say.forced_in = verdict == health::FleetVerdict::kForcedIn;
  say.left_out = word.left_out();
  picker_->SetFleet(at, say);
  BackendState& backend = *backends_[at];
  if (say.left_out != backend.left_out_) {
    backend.left_out_ = say.left_out;
    backend.pool_->Configure(PoolOf(config_->backends[at], say.left_out));
    if (say.left_out) backend.pool_->CloseIdle();
    if (say.left_out) backend.announced_.CloseIdle();
  }
}

// An overlay tells what has changed: where it says nothing of a backend, what it said before is still so.
void UpstreamState::TakeOthers(TimePoint now) {
  TimePoint told{};
  for (const BackendConfig& backend : config_->backends) told = std::max(told, backend.health->fleet().told());
  if (now - told > health::FleetWord::kInFlightLasts) told = {};
  if (told == others_told_) return;
  others_told_ = told;
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    BackendState& backend = *backends_[i];
    if (told == TimePoint{}) {
      backend.others_.Forget();
    } else {
      backend.others_.Told(config_->backends[i].health->fleet().in_flight(), static_cast<float>(backend.in_flight()));
    }
    picker_->SetOthers(i, backend.others_.mean());
  }
  picker_->SetOthersAt(told);
}

bool UpstreamState::HasRoom(bool retry) const {
  return usage_->requests < config_->max_requests && (!retry || usage_->retries < config_->max_retries);
}

bool UpstreamState::Enter(bool retry) {
  if (!HasRoom(retry)) return false;
  ++usage_->requests;
  usage_->retries += retry ? 1 : 0;
  if (config_->load) config_->load->Entered();
  return true;
}

void UpstreamState::Leave(bool retry, bool failed) {
  if (config_->load) config_->load->Left(failed);
  --usage_->requests;
  usage_->retries -= retry ? 1 : 0;
}

Cause UpstreamState::refusal(std::uint64_t route) const {
  return picker_->refusal(route) == balancer::Refusal::kBreakerOpen ? Cause::kBreakerOpen : Cause::kNoBackend;
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

BackendState* UpstreamState::Pick(const Affinity& affinity, const BackendState* avoid, std::uint64_t route) {
  const TimePoint now = loop_.Now();
  if (picker_->RefreshDue(now)) Refresh(now);
  const std::size_t picked = picker_->Pick(affinity.key, affinity.session, IndexOf(avoid), now, loop_.random(), route);
  return picked == balancer::kNone ? nullptr : backends_[picked].get();
}

BackendState* UpstreamState::PickOtherFamily(const BackendState& than, std::uint64_t route) {
  const TimePoint now = loop_.Now();
  if (picker_->RefreshDue(now)) Refresh(now);
  const std::size_t first = loop_.random().Below(backends_.size());
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    const std::size_t at = (first + i) % backends_.size();
    if (backends_[at]->endpoint().is_v6() != than.endpoint().is_v6() && picker_->Usable(at, route)) return backends_[at].get();
  }
  return nullptr;
}

std::string UpstreamState::SessionCookie(const Affinity& affinity, const BackendState& backend) const {
  if (!config_->sticky) return {};
  if (affinity.session < backends_.size() && backends_[affinity.session].get() == &backend) return {};
  return SetCookie(*config_->sticky, SessionIdOf(config_->name, backend.address()));
}

}  // namespace switchyard::agent::upstream
