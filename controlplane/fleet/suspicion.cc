#include "controlplane/fleet/suspicion.h"

#include <algorithm>
#include <cmath>

namespace switchyard::controlplane::fleet {
namespace {
constexpr double kMost = 4 * stats::SequentialTest::kCertain;
}  // namespace

void Suspicion::Add(Mark& mark, std::uint32_t agent, double successes, double failures, const stats::Hypotheses& h) {
  const double step = failures * std::log(h.p1 / h.p0) + successes * std::log((1 - h.p1) / (1 - h.p0));
  if (!std::isfinite(step)) return;
  if (!may_fall_ && sum_ <= 0 && step <= 0) return;
  if (mark.onset != onset_ || mark.place >= contributions_.size()) {
    mark = {onset_, static_cast<std::uint32_t>(contributions_.size())};
    contributions_.push_back({agent, 0, 0});
  }
  Contribution& own = contributions_[mark.place];
  own.against = std::clamp(own.against + step, -kMost, kMost);
  own.failures += failures;
  sum_ = std::clamp(sum_ + step, -kMost, kMost);
  if (!may_fall_ && sum_ <= 0) Reset();
}

void Suspicion::Withdraw(const Mark& mark) {
  if (mark.onset != onset_ || mark.place >= contributions_.size()) return;
  Contribution& own = contributions_[mark.place];
  sum_ -= std::max(own.against, 0.0);
  own.against = own.failures = 0;
  if (!may_fall_ && sum_ <= 0) Reset();
}

void Suspicion::Reset(bool may_fall) {
  sum_ = 0;
  may_fall_ = may_fall;
  ++onset_;
  contributions_.clear();
}

double Suspicion::robust() const {
  // Not from `sum_`, which has a bound: one agent that fills it alone would hide what the others say.
  double all = 0;
  double most = 0;
  for (const Contribution& one : contributions_) {
    all += one.against;
    most = std::max(most, one.against);
  }
  return std::clamp(all - most, may_fall_ ? -kMost : 0.0, kMost);
}

std::uint32_t Suspicion::witnesses() const {
  return static_cast<std::uint32_t>(
      std::count_if(contributions_.begin(), contributions_.end(), [](const Contribution& one) { return one.failures > 0; }));
}

}  // namespace switchyard::controlplane::fleet
