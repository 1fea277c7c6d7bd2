#include "agent/snapshot/balancing.h"

#include <algorithm>

#include "common/config/limits.h"

namespace switchyard::agent::snapshot {
namespace {

using balancer::Kind;

Kind KindOf(v1::Balancer balancer) {
  switch (balancer) {
    case v1::BALANCER_ROUND_ROBIN:
      return Kind::kRoundRobin;
    case v1::BALANCER_RANDOM:
      return Kind::kRandom;
    case v1::BALANCER_PEAK_EWMA:
      return Kind::kPeakEwma;
    case v1::BALANCER_RING_HASH:
      return Kind::kRingHash;
    case v1::BALANCER_MAGLEV:
      return Kind::kMaglev;
    case v1::BALANCER_RENDEZVOUS:
      return Kind::kRendezvous;
    case v1::BALANCER_PREQUAL:
      return Kind::kPrequal;
    case v1::BALANCER_ADAPTIVE:
      return Kind::kAdaptive;
    default:
      return Kind::kLeastRequest;
  }
}

upstream::HashSource SourceOf(const v1::HashSource& source) {
  using Source = upstream::HashSource::Kind;
  switch (source.kind_case()) {
    case v1::HashSource::kHeader:
      return {Source::kHeader, source.header()};
    case v1::HashSource::kCookie:
      return {Source::kCookie, source.cookie()};
    case v1::HashSource::kQuery:
      return {Source::kQuery, source.query()};
    case v1::HashSource::kPath:
      return {Source::kPath, {}};
    default:
      return {Source::kSourceAddress, {}};
  }
}

balancer::PlanOptions OptionsOf(const v1::Upstream& proto) {
  balancer::PlanOptions options;
  options.kind = KindOf(config::BalancerOf(proto));
  options.hash_bound = config::HashBoundPercent(proto.hash()) / 100.0;
  options.least_capacity = config::LeastCapacityPercent(proto) / 100.0;
  options.zone_fill = config::ZoneFillPercent(proto.zones()) / 100.0;
  if (proto.has_slow_start()) {
    options.slow_start.window = config::SlowStartWindow(proto.slow_start());
    options.slow_start.aggression = config::AggressionPercent(proto.slow_start()) / 100.0;
  }
  return options;
}

breaker::BreakerPolicy BreakerOf(const v1::Breaker& proto) {
  breaker::BreakerPolicy policy;
  const v1::BreakerMode mode = config::ModeOf(proto);
  policy.mode = mode == v1::BREAKER_MODE_COUNT ? breaker::Mode::kCount : mode == v1::BREAKER_MODE_OFF ? breaker::Mode::kOff : breaker::Mode::kEvidence;
  policy.open_timeout = config::BreakerOpenTimeout(proto);
  policy.failure_threshold = config::FailureThreshold(proto);
  policy.success_threshold = config::SuccessThreshold(proto);
  policy.half_open_max_requests = config::HalfOpenMaxRequests(proto);
  policy.error_rate = config::ErrorRatePercent(proto) / 100.0;
  policy.minimum_requests = config::MinimumRequests(proto);
  policy.window = config::BreakerWindow(proto);
  policy.slow_call = config::SlowCall(proto);
  policy.slow_rate = config::SlowCallRatePercent(proto) / 100.0;
  return policy;
}

breaker::OutlierPolicy OutlierOf(const v1::OutlierDetection& proto) {
  breaker::OutlierPolicy policy;
  policy.on = true;
  policy.failures = config::ConsecutiveFailures(proto);
  policy.gateway_failures = config::ConsecutiveGatewayFailures(proto);
  policy.local_failures = config::ConsecutiveLocalFailures(proto);
  policy.failure_share = config::FailurePercent(proto) / 100.0;
  policy.minimum_requests = config::MinimumRequests(proto);
  policy.interval = config::OutlierInterval(proto);
  policy.base = config::BaseEjection(proto);
  policy.longest = config::MaxEjection(proto);
  return policy;
}

breaker::Force ForceOf(v1::BreakerForce force) {
  if (force == v1::BREAKER_FORCE_OPEN) return breaker::Force::kOpen;
  return force == v1::BREAKER_FORCE_CLOSED ? breaker::Force::kClosed : breaker::Force::kNone;
}

upstream::RetryPolicy RetryOf(const v1::Retry& proto, unsigned workers) {
  using Policy = upstream::RetryPolicy;
  Policy policy;
  policy.max_attempts = config::RetryAttempts(proto);
  const auto add = [&](v1::RetryCondition condition, Policy::Condition bit) {
    if (config::RetriesOn(proto, condition)) policy.conditions = static_cast<std::uint8_t>(policy.conditions | bit);
  };
  add(v1::RETRY_CONDITION_CONNECT_FAILURE, Policy::kConnectFailure);
  add(v1::RETRY_CONDITION_REFUSED_STREAM, Policy::kRefusedStream);
  add(v1::RETRY_CONDITION_RESET, Policy::kReset);
  add(v1::RETRY_CONDITION_GATEWAY_ERROR, Policy::kGatewayError);
  add(v1::RETRY_CONDITION_SERVER_ERROR, Policy::kServerError);
  add(v1::RETRY_CONDITION_ATTEMPT_TIMEOUT, Policy::kAttemptTimeout);
  policy.budget = config::RetryBudgetPercent(proto) / 100.0;
  policy.min_per_second = static_cast<double>(config::RetryMinPerSecond(proto)) / workers;
  policy.per_try_timeout = config::PerTryTimeout(proto);
  policy.non_idempotent = proto.non_idempotent();
  policy.base_backoff = config::RetryBaseBackoff(proto);
  policy.max_backoff = config::RetryMaxBackoff(proto);
  return policy;
}

void FillSessions(const v1::StickySession& sticky, upstream::UpstreamConfig& out) {
  out.sticky = upstream::StickyPolicy{config::StickyCookie(sticky),
                                      upstream::CookieAttributes(config::StickyPath(sticky), config::StickyTtl(sticky), sticky.secure())};
  for (std::uint32_t i = 0; i < out.backends.size(); ++i) out.sessions.emplace(upstream::SessionIdOf(out.name, out.backends[i].address), i);
}

}  // namespace

void FillBalancing(const v1::Upstream& proto, std::string_view zone, unsigned workers, upstream::UpstreamConfig& out) {
  auto picking = std::make_shared<balancer::PickerPolicy>();
  balancer::PlanOptions options = OptionsOf(proto);
  std::vector<balancer::Member> members;
  bool any_local = false;
  for (const v1::Backend& backend : proto.backends()) {
    balancer::Member& member = members.emplace_back();
    member.identity = balancer::HashOf(backend.address());
    member.weight = config::Weight(backend);
    member.priority = config::Priority(backend);
    member.local = backend.zone() == zone;
    any_local = any_local || member.local;
    picking->forces.push_back(ForceOf(config::ForceOf(proto, backend)));
  }
  options.prefer_local = proto.has_zones() && !zone.empty() && any_local;
  picking->plan = balancer::MakePlan(options, std::move(members));
  picking->breaker = BreakerOf(proto.breaker());
  if (proto.has_outlier()) picking->outlier = OutlierOf(proto.outlier());
  picking->most_ejected = config::MaxEjectedPercent(proto.outlier()) / 100.0;
  out.picking = std::move(picking);
  if (balancer::IsHash(options.kind)) {
    for (const v1::HashSource& source : proto.hash().sources()) out.hash_sources.push_back(SourceOf(source));
    if (out.hash_sources.empty()) out.hash_sources.push_back({});
  }
  if (proto.has_sticky()) FillSessions(proto.sticky(), out);
  if (proto.has_retry()) out.retry = RetryOf(proto.retry(), workers);
  out.max_requests = std::max(1U, (config::MaxUpstreamRequests(proto.limits()) + workers - 1) / workers);
  out.max_retries = (config::MaxUpstreamRetries(proto.limits()) + workers - 1) / workers;
}

}  // namespace switchyard::agent::snapshot
