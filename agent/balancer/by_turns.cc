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
// Costs are compared squared, which spares a root. Equal but for rounding.
constexpr double kEqual = 1.0001;
// Turns that a backend loses per request of excess, in what arrives there between two overlays.
constexpr double kGain = 10;
constexpr double kChance = 2;  // standard deviations
constexpr double kLeastFactor = 0.01;
// Of own rate and load, per overlay; and what is no gap between two of them.
constexpr double kMix = 0.1;
constexpr double kLongestGap = 2;

double InFlight(const BackendFacts& facts) { return static_cast<double>(facts.others) + facts.in_flight; }

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
      states_(backends.size()) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight > 0) states_[i].served = random.Unit() / backends[i].weight;
  }
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

void ByTurns::SetFactors(const View& view) {
  double all = 0;
  double shares = 0;
  for (const BackendFacts& facts : view.backends) {
    const double share = ShareOf(facts);
    all += share > 0 ? InFlight(facts) : 0;
    shares += share;
  }
  if (all <= 0 || shares <= 0) return;
  const double arrive = gap_ * rate_ / load_;  // between two overlays, per request in flight
  for (std::size_t i = 0; i < view.backends.size(); ++i) {
    const BackendFacts& facts = view.backends[i];
    const double share = ShareOf(facts);
    states_[i].factor = 1;
    if (share <= 0) continue;
    const double usual = all * share / shares;
    const double excess = std::max(0.0, InFlight(facts) - usual - kChance * std::sqrt(usual));
    states_[i].factor = std::max(kLeastFactor, 1 - kGain * excess / (usual * arrive));
  }
}

void ByTurns::Learn(const View& view) {
  const double passed = std::chrono::duration<double>(view.others_at - learnt_).count();
  learnt_ = view.others_at;
  if (learnt_ != TimePoint{} && MeasureOwn(passed)) return SetFactors(view);
  for (State& state : states_) state.factor = 1;
}

// Whether a turn counts: of one that may have a part of its turns every so many, without chance. Who is held at a part of his share gets no more than that,
// however little he seems to cost: he would win each turn that he has, several times that part.
bool ByTurns::Takes(const BackendFacts& facts, State& state) const {
  if (facts.tilt < 1 && state.served > served_) return false;
  const double part = state.factor * static_cast<double>(facts.tilt);
  if (part >= 1) return true;
  state.credit += part;
  if (state.credit < 1) return false;
  state.credit -= 1;
  return true;
}

void ByTurns::Gather(const View& view, Candidates& out) {
  for (std::size_t i = 0; i < wanted_ + kMorePasses && out.count < wanted_ && !order_.empty(); ++i) {
    const std::size_t at = order_.Next();
    const BackendFacts& facts = view.backends[at];
    if (!facts.usable || at == view.avoid || !Takes(facts, states_[at])) continue;
    Join(view, at, out);
  }
}

void ByTurns::Join(const View& view, std::size_t at, Candidates& out) {
  const BackendFacts& facts = view.backends[at];
  const double latency = facts.evidence == nullptr ? 0 : facts.evidence->MeanLatency(view.now);
  out.at[out.count] = at;
  out.latency[out.count++] = latency;
  out.shares += ShareOf(facts);
  out.latencies += latency;
  out.known += latency > 0 ? 1 : 0;
}

std::size_t ByTurns::Pick(const View& view, Random& random) {
  if (view.others_at != learnt_) [[unlikely]] Learn(view);
  ++picks_;
  carried_ += view.all_in_flight;
  Candidates some;
  Gather(view, some);
  if (some.count == 0) return AnyUsable(view, random);
  // Few are usable among many: who comes behind a long row of others would win each time that it goes by.
  if (some.count == 1 && states_.size() > wanted_ + kMorePasses) {
    const std::size_t other = AnyUsable(view, random, some.at[0]);
    if (other != kNone && other != view.avoid) Join(view, other, some);
  }
  const double even = some.shares / static_cast<double>(some.count);
  // Who is not known is as quick as those who are.
  const double typical = some.known > 0 ? some.latencies / static_cast<double>(some.known) : 1;
  std::array<double, kMostCandidates> costs;
  double least = 0;
  for (std::size_t i = 0; i < some.count; ++i) {
    const BackendFacts& facts = view.backends[some.at[i]];
    const double load = (facts.in_flight * even / ShareOf(facts) + 1) * (1 + kErrorCharge * ErrorCharged(facts, view.now, view.typical_error));
    costs[i] = load * load * (some.latency[i] > 0 ? some.latency[i] : typical);
    least = i == 0 ? costs[i] : std::min(least, costs[i]);
  }
  std::size_t picked = kNone;
  for (std::size_t i = 0; i < some.count; ++i) {
    if (costs[i] > least * kEqual) continue;
    if (picked == kNone || states_[some.at[i]].served < states_[picked].served) picked = some.at[i];
  }
  State& state = states_[picked];
  const double step = 1 / std::max(ShareOf(view.backends[picked]), 1e-9);
  served_ += 1 / std::max(view.all_shares, 1e-9);
  // Nobody catches up with more than one pick.
  state.served = std::max(state.served, served_ - step) + step;
  return picked;
}

}  // namespace switchyard::agent::balancer
