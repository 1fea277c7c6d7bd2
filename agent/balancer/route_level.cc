#include "agent/balancer/route_level.h"

#include <algorithm>
#include <tuple>

namespace switchyard::agent::balancer {
namespace {

constexpr Duration kSweepEvery = std::chrono::seconds(1);
// Fewer picks say nothing about who makes up most of them.
constexpr std::uint64_t kEnoughPicks = 20;
constexpr double kDominates = 0.9;
// Peers that are looked at for a median.
constexpr std::size_t kMostPeers = 64;

double LowerMedian(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

RouteLevel::RouteLevel(const breaker::BreakerPolicy& policy, const std::vector<BackendRecord*>& records, const std::vector<Standing>& standings)
    : policy_(policy), records_(records), standings_(standings) {
  for (BackendRecord* record : records_) {
    if (policy_.mode == breaker::Mode::kOff) record->routes.reset();
    if (record->routes) states_ += record->routes->all().size();
  }
  if (states_ > 0) Rebuild();
}

void RouteLevel::SetSeveral(bool several) {
  several_ = several;
  if (several_ || states_ == 0) return;
  for (BackendRecord* record : records_) record->routes.reset();
  states_ = 0;
  Rebuild();
}

std::span<RouteLevel::Limit> RouteLevel::LimitsOf(std::uint64_t route) {
  const auto begin = std::lower_bound(limits_.begin(), limits_.end(), route, [](const Limit& limit, std::uint64_t id) { return limit.route < id; });
  auto end = begin;
  while (end != limits_.end() && end->route == route) ++end;
  return {begin, end};
}

float RouteLevel::ShareOf(const Limit& limit) const {
  // What an operator says of the backend goes over what a route has seen of it.
  if (records_[limit.member]->breaker.forced() || standings_[limit.member].forced) return 1;
  const breaker::Breaker& breaker = limit.state->breaker;
  return breaker.Bars(policy_) ? 0 : breaker.Share();
}

float RouteLevel::ShareOf(std::size_t member, std::uint64_t route) const {
  const auto at = std::lower_bound(limits_.begin(), limits_.end(), std::tie(route, member),
                                   [](const Limit& limit, const auto& key) { return std::tie(limit.route, limit.member) < key; });
  return at != limits_.end() && at->route == route && at->member == member ? ShareOf(*at) : 1;
}

bool RouteLevel::Bars(std::uint64_t route) const {
  return std::any_of(limits_.begin(), limits_.end(), [&](const Limit& limit) { return limit.route == route && ShareOf(limit) <= 0; });
}

breaker::RouteBreaker* RouteLevel::Take(std::size_t member, const breaker::RouteName& route) {
  BackendRecord& record = *records_[member];
  if (record.routes) {
    if (breaker::RouteBreaker* one = record.routes->Find(route.id)) return one;
  }
  if (states_ < kMost) {
    if (!record.routes) record.routes = std::make_unique<breaker::RouteBreakers>();
    const std::size_t before = record.routes->all().size();
    if (breaker::RouteBreaker* one = record.routes->Add(route)) {
      states_ += record.routes->all().size() - before;
      return one;
    }
  }
  ++record.routes_refused;
  return nullptr;
}

breaker::Peers RouteLevel::PeersOf(std::size_t member, std::uint64_t route) {
  errors_.clear();
  slows_.clear();
  const std::size_t step = std::max<std::size_t>(1, records_.size() / kMostPeers);
  for (std::size_t i = step; i < records_.size(); i += step) {
    const std::size_t at = (member + i) % records_.size();
    const Standing& standing = standings_[at];
    if (!standing.active || !standing.healthy || standing.left_out) continue;
    const breaker::RouteBreaker* one = records_[at]->routes ? records_[at]->routes->Find(route) : nullptr;
    errors_.push_back(one == nullptr ? 0 : one->ErrorShare());
    slows_.push_back(one == nullptr ? 0 : one->SlowShare());
  }
  breaker::Peers peers;
  peers.error = LowerMedian(errors_);
  peers.slow = LowerMedian(slows_);
  return peers;
}

void RouteLevel::Clear(std::size_t member) {
  BackendRecord& record = *records_[member];
  if (!record.routes) return;
  states_ -= record.routes->all().size();
  record.routes.reset();
  Rebuild();
}

void RouteLevel::ProbesSay(std::size_t member, bool well, TimePoint now) {
  if (!records_[member]->routes) return;
  for (const auto& one : records_[member]->routes->all()) one->breaker.ProbesSay(well, now);
}

void RouteLevel::Rebuild() {
  std::vector<Limit> before = std::move(limits_);
  limits_.clear();
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!records_[i]->routes) continue;
    for (const auto& one : records_[i]->routes->all()) {
      if (one->breaker.state() != breaker::State::kClosed) limits_.push_back({one->id(), i, one.get(), 0});
    }
  }
  std::sort(limits_.begin(), limits_.end(), [](const Limit& a, const Limit& b) { return std::tie(a.route, a.member) < std::tie(b.route, b.member); });
  for (const Limit& old : before) {
    for (Limit& limit : LimitsOf(old.route)) limit.picks = limit.member == old.member ? old.picks : limit.picks;
  }
}

void RouteLevel::Refresh(TimePoint now) {
  bool closed = false;
  for (Limit& limit : limits_) {
    limit.state->breaker.Tick(policy_, now);
    closed = closed || limit.state->breaker.state() == breaker::State::kClosed;
  }
  if (closed) Rebuild();
  if (now - swept_ < kSweepEvery) return;
  swept_ = now;
  MeasureTraffic();
  if (states_ > 0) Sweep(now);
}

void RouteLevel::MeasureTraffic() {
  if (asked_ < kEnoughPicks && most_ != 0) return;
  const double share = static_cast<double>(by_most_) / static_cast<double>(std::max<std::uint64_t>(1, asked_));
  dominant_ = share >= kDominates ? most_ : 0;
  // The newest is most likely who asks most.
  if (most_ == 0 || share < 0.5) most_ = newest_;
  asked_ = by_most_ = 0;
}

void RouteLevel::Sweep(TimePoint now) {
  bool gone = false;
  states_ = 0;
  for (BackendRecord* record : records_) {
    if (!record->routes) continue;
    for (const auto& one : record->routes->all()) one->breaker.Tick(policy_, now);
    gone = record->routes->Forget(policy_, now) || gone;
    states_ += record->routes->all().size();
    if (record->routes->all().empty()) record->routes.reset();
  }
  if (gone) Rebuild();
}

}  // namespace switchyard::agent::balancer
