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

}  // namespace

void FillBalancing(const v1::Upstream& proto, std::string_view zone, upstream::UpstreamConfig& out) {
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
  }
  options.prefer_local = proto.has_zones() && !zone.empty() && any_local;
  out.plan = balancer::MakePlan(options, std::move(members));
  if (balancer::IsHash(options.kind)) {
    for (const v1::HashSource& source : proto.hash().sources()) out.hash_sources.push_back(SourceOf(source));
    if (out.hash_sources.empty()) out.hash_sources.push_back({});
  }
  if (!proto.has_sticky()) return;
  out.sticky = upstream::StickyPolicy{
      config::StickyCookie(proto.sticky()),
      upstream::CookieAttributes(config::StickyPath(proto.sticky()), config::StickyTtl(proto.sticky()), proto.sticky().secure())};
  for (std::uint32_t i = 0; i < out.backends.size(); ++i) out.sessions.emplace(upstream::SessionIdOf(out.name, out.backends[i].address), i);
}

}  // namespace switchyard::agent::snapshot
