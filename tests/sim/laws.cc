#include "tests/sim/laws.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <vector>

#include <fmt/format.h>

#include "common/base/random.h"
#include "controlplane/fleet/weight_law.h"

namespace switchyard::tests::sim {
namespace {

using controlplane::fleet::BoundedStep;
using controlplane::fleet::FeedForward;
using controlplane::fleet::LoadReading;
using controlplane::fleet::WeightState;

constexpr std::size_t kBackends = 50;
constexpr int kPeriods = 600;
constexpr int kLossAt = 120;
constexpr double kUse = 0.6;
constexpr double kNoise = 0.05;

class Run {
 public:
  Run(Law law, std::uint64_t seed) : law_(law), random_(seed), capacity_(kBackends), weights_(kBackends, 1), states_(kBackends) {
    for (double& one : capacity_) one = 100 * std::exp(0.3 * Normal());
    for (const double one : capacity_) rate_ += kUse * one;
  }

  void LoseHalf(double share) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(share * kBackends); ++i) capacity_[i] /= 2;
  }

  // What is measured now is heard of `delay` periods later.
  void Step(int delay) {
    double sum = 0;
    for (const double one : weights_) sum += one;
    std::vector<LoadReading> readings;
    for (std::size_t i = 0; i < kBackends; ++i) {
      const double offered = rate_ * weights_[i] / sum;
      const double use = std::min(1.0, offered / capacity_[i]) * (1 + kNoise * Normal());
      readings.push_back({std::min(offered, capacity_[i]), std::max(0.0, use), 0});
    }
    heard_.push_back(std::move(readings));
    if (heard_.size() <= static_cast<std::size_t>(delay)) return;
    Obey(heard_.front());
    heard_.pop_front();
  }

  double Spread() const {
    double most = 0;
    double sum = 0;
    for (std::size_t i = 0; i < kBackends; ++i) {
      const double use = weights_[i] / capacity_[i];
      most = std::max(most, use);
      sum += use;
    }
    return most / (sum / kBackends);
  }
  const std::vector<double>& weights() const { return weights_; }

 private:
  double Normal() { return std::sqrt(-2 * std::log(1 - random_.Unit())) * std::cos(6.283185307179586 * random_.Unit()); }

  void Obey(const std::vector<LoadReading>& readings) {
    now_ += std::chrono::seconds(1);
    if (law_ == Law::kFeedForward) return Ours(readings);
    double mean = 0;
    for (const LoadReading& one : readings) mean += one.utilization / kBackends;
    for (std::size_t i = 0; i < kBackends; ++i) {
      const LoadReading& one = readings[i];
      const double use = std::max(one.utilization, 0.05);
      if (law_ == Law::kRaw) weights_[i] = one.completed / use;
      if (law_ == Law::kIntegral) weights_[i] *= std::exp(0.2 * (mean - use) / mean);
      if (law_ == Law::kStrongIntegral) weights_[i] *= std::exp(0.5 * (mean - use) / mean);
      // M/M/1: time in the system at this use.
      if (law_ == Law::kInverseLatency) weights_[i] = capacity_[i] * std::max(0.02, 1 - use);
    }
  }

  void Ours(const std::vector<LoadReading>& readings) {
    std::vector<WeightState*> all;
    for (std::size_t i = 0; i < kBackends; ++i) {
      states_[i].reading = readings[i];
      all.push_back(&states_[i]);
    }
    StepWeights(all, FeedForward(), BoundedStep(), now_);
    for (std::size_t i = 0; i < kBackends; ++i) weights_[i] = states_[i].told;
  }

  const Law law_;
  Random random_;
  std::vector<double> capacity_;
  std::vector<double> weights_;
  std::vector<WeightState> states_;
  std::deque<std::vector<LoadReading>> heard_;
  double rate_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

LawResult RunLaw(Law law, int delay, double lost, std::uint64_t seed) {
  Run run(law, seed);
  LawResult out;
  std::vector<double> before(kBackends, 1);
  std::vector<int> direction(kBackends, 0);
  double turns = 0;
  int last_above = kPeriods;
  std::vector<double> last_minute;
  for (int period = 0; period < kPeriods; ++period) {
    if (period == kLossAt) run.LoseHalf(lost);
    run.Step(delay);
    const double spread = run.Spread();
    if (period >= kLossAt && spread > 1.10) last_above = period;
    if (period >= kPeriods - 60) last_minute.push_back(spread);
    for (std::size_t i = 0; period >= 2 * kLossAt && i < kBackends; ++i) {
      const int now = run.weights()[i] > before[i] ? 1 : run.weights()[i] < before[i] ? -1 : direction[i];
      turns += direction[i] != 0 && now != direction[i] ? 1 : 0;
      direction[i] = now;
    }
    before = run.weights();
  }
  for (const double one : last_minute) out.spread += one / static_cast<double>(last_minute.size());
  out.settled = last_above >= kPeriods - 1 ? -1 : last_above == kPeriods ? 0 : last_above - kLossAt + 1;
  out.turns = turns / kBackends / ((kPeriods - 2 * kLossAt) / 60.0);
  return out;
}

std::string Laws(bool full) {
  const std::uint64_t seeds = full ? 9 : 3;
  constexpr std::array<std::pair<Law, const char*>, 6> kLaws = {{{Law::kNone, "configured weights"},
                                                                 {Law::kRaw, "completed / utilisation, raw"},
                                                                 {Law::kFeedForward, "**ours: EWMA(0.2), bounded, dead band**"},
                                                                 {Law::kIntegral, "integral, gain 0.2"},
                                                                 {Law::kStrongIntegral, "integral, gain 0.5"},
                                                                 {Law::kInverseLatency, "inverse latency"}}};
  std::string out;
  for (const double lost : {0.1, 0.3}) {
    out += fmt::format("{:.0f} % of 50 backends lose half of their capacity: busiest over mean ", 100 * lost);
    out += "(seconds until below 1.10; turns per backend and minute)\n\n";
    out += "| law | reports 1 s late | 5 s | 10 s |\n|---|---|---|---|\n";
    for (const auto& [law, name] : kLaws) {
      out += fmt::format("| {} |", name);
      for (const int delay : {1, 5, 10}) {
        std::vector<double> spread;
        std::vector<double> settled;
        std::vector<double> turns;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
          const LawResult result = RunLaw(law, delay, lost, seed);
          spread.push_back(result.spread);
          settled.push_back(result.settled < 0 ? 1e9 : result.settled);
          turns.push_back(result.turns);
        }
        const double seconds = Median(settled);
        out += fmt::format(" {:.2f} ({}; {:.1f}) |", Median(spread), seconds > 1e8 ? "never" : fmt::format("{:.0f} s", seconds), Median(turns));
      }
      out += '\n';
    }
    out += '\n';
  }
  return out;
}

}  // namespace switchyard::tests::sim
