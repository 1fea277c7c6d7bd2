#include "agent/balancer/by_turns.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace switchyard::agent::balancer {
namespace {

constexpr std::size_t kLeastCandidates = 2;
constexpr std::size_t kBackendsPerCandidate = 8;
// Turns of those that may not be picked, before all are looked at.
constexpr std::size_t kMorePasses = 8;
constexpr double kErrorCharge = 10;
// Costs are compared squared, which spares a root: 5 % of latency.
constexpr double kEqual = 1.05;
// Turns that a backend loses per request of excess, in what arrives there between two overlays.
constexpr double kGain = 10;
constexpr double kChance = 2;  // standard deviations
constexpr double kMostFactor = 2;
constexpr double kLeastFactor = 0.01;
constexpr double kLeastTilt = 0.01;
// Of own rate and load, per overlay; and what is no gap between two of them.
constexpr double kMix = 0.1;
constexpr double kLongestGap = 2;

double InFlight(const BackendFacts& facts) { return static_cast<double>(facts.others) + facts.in_flight; }

double ExcessError(const BackendFacts& facts, const View& view) {
  return facts.evidence == nullptr ? 0 : std::max(0.0, facts.evidence->Error(view.now) - view.typical_error);
}

}  // namespace

struct ByTurns::Candidates {
  std::array<std::size_t, kMostCandidates> at;
  std::array<double, kMostCandidates> latency;
  std::size_t count = 0;
  double shares = 0;
  double latencies = 0;
  std::size_t known = 0;
};

ByTurns::ByTurns(std::span<const BackendFacts> backends, Random& random)
    : wanted_(std::clamp(backends.size() / kBackendsPerCandidate, kLeastCandidates, kMostCandidates)),
      order_(backends, random),
      states_(backends.size()),
      scratch_(backends.size()) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight > 0) states_[i].served = random.Unit() / backends[i].weight;
  }
}

double ByTurns::RateOf(const View& view, std::size_t backend) const {
  const BackendFacts& facts = view.backends[backend];
  return facts.weight * std::max(static_cast<double>(facts.tilt), kLeastTilt) * states_[backend].factor;
}

// False: nothing is known of how much arrives between two overlays.
bool ByTurns::MeasureOwn(double passed) {
  if (passed > 0 && passed < kLongestGap && picks_ > 0) {
    const double mix = gap_ == 0 ? 1 : kMix;
    gap_ += mix * (passed - gap_);
    rate_ += mix * (picks_ / passed - rate_);
    load_ += mix * (carried_ / picks_ - load_);
  }
  picks_ = carried_ = 0;
  return rate_ > 0 && load_ > 0;
}

// To scratch_: the factors, whose mean is returned; 0 when nothing is in flight.
double ByTurns::Excess(const View& view) {
  double all = 0;
  double shares = 0;
  for (const BackendFacts& facts : view.backends) {
    const double share = ShareOf(facts);
    all += share > 0 ? InFlight(facts) : 0;
    shares += share;
  }
  if (all <= 0 || shares <= 0) return 0;
  const double arrive = gap_ * rate_ / load_;  // between two overlays, per request in flight
  double sum = 0;
  for (std::size_t i = 0; i < view.backends.size(); ++i) {
    const BackendFacts& facts = view.backends[i];
    const double share = ShareOf(facts);
    scratch_[i] = 1;
    if (share <= 0) continue;
    const double usual = all * share / shares;
    const double off = InFlight(facts) - usual;
    const double beyond = std::copysign(std::max(0.0, std::abs(off) - kChance * std::sqrt(usual)), off);
    scratch_[i] = std::clamp(1 - kGain * beyond / (usual * arrive), kLeastFactor, kMostFactor) / (1 + kErrorCharge * ExcessError(facts, view));
    sum += scratch_[i] * share;
  }
  return sum / shares;
}

void ByTurns::SetFactors(const View& view, double scale) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    const double factor = ShareOf(view.backends[i]) > 0 ? std::clamp(scratch_[i] * scale, kLeastFactor, 1 / kLeastFactor) : state.factor;
    scratch_[i] = factor / state.factor;
    state.served = served_ + (state.served - served_) / scratch_[i];
    state.factor = factor;
  }
  order_.Rescale(scratch_);
}

void ByTurns::Learn(const View& view) {
  const double passed = std::chrono::duration<double>(view.others_at - learnt_).count();
  learnt_ = view.others_at;
  const bool told = learnt_ != TimePoint{} && MeasureOwn(passed);
  const double mean = told ? Excess(view) : 0;
  if (mean <= 0) std::fill(scratch_.begin(), scratch_.end(), 1.0);
  SetFactors(view, mean > 0 ? 1 / mean : 1);
}

void ByTurns::Gather(const View& view, Candidates& out) {
  for (std::size_t i = 0; i < wanted_ + kMorePasses && out.count < wanted_ && !order_.empty(); ++i) {
    const std::size_t at = order_.first();
    order_.Pass(RateOf(view, at));
    const BackendFacts& facts = view.backends[at];
    if (ShareOf(facts) <= 0 || at == view.avoid) continue;
    const double latency = facts.evidence == nullptr ? 0 : facts.evidence->MeanLatency(view.now);
    out.at[out.count] = at;
    out.latency[out.count++] = latency;
    out.shares += ShareOf(facts);
    out.latencies += latency;
    out.known += latency > 0 ? 1 : 0;
  }
}

std::size_t ByTurns::Pick(const View& view, Random& random) {
  if (view.others_at != learnt_) [[unlikely]] Learn(view);
  ++picks_;
  carried_ += view.all_in_flight;
  Candidates some;
  Gather(view, some);
  if (some.count == 0) return AnyUsable(view, random);
  const double even = some.shares / static_cast<double>(some.count);
  // Who is not known is as quick as those who are.
  const double typical = some.known > 0 ? some.latencies / static_cast<double>(some.known) : 1;
  std::array<double, kMostCandidates> costs;
  double least = 0;
  for (std::size_t i = 0; i < some.count; ++i) {
    const BackendFacts& facts = view.backends[some.at[i]];
    const double load = (facts.in_flight * even / ShareOf(facts) + 1) * (1 + kErrorCharge * ExcessError(facts, view));
    costs[i] = load * load * (some.latency[i] > 0 ? some.latency[i] : typical);
    least = i == 0 ? costs[i] : std::min(least, costs[i]);
  }
  std::size_t picked = kNone;
  for (std::size_t i = 0; i < some.count; ++i) {
    if (costs[i] > least * kEqual) continue;
    if (picked == kNone || states_[some.at[i]].served < states_[picked].served) picked = some.at[i];
  }
  State& state = states_[picked];
  const double step = 1 / std::max(RateOf(view, picked), 1e-9);
  served_ += 1 / std::max(view.all_shares, 1e-9);
  // Nobody catches up with more than one pick.
  state.served = std::max(state.served, served_ - step) + step;
  return picked;
}

}  // namespace switchyard::agent::balancer
