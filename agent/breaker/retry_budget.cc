#include "agent/breaker/retry_budget.h"

#include <algorithm>

namespace switchyard::agent::breaker {
namespace {
constexpr double kMostEarned = 100;
}

void RetryBudget::Configure(double share, double per_second) {
  if (share == share_ && per_second == per_second_) return;
  share_ = share;
  per_second_ = per_second;
  given_ = MostGiven();
}

double RetryBudget::MostGiven() const { return per_second_ > 0 ? std::max(1.0, per_second_) : 0; }

void RetryBudget::OnRequest() { earned_ = std::min(kMostEarned, earned_ + share_); }

bool RetryBudget::Take(TimePoint now) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - filled_).count());
  given_ = std::min(MostGiven(), given_ + seconds * per_second_);
  filled_ = std::max(filled_, now);
  double& from = given_ >= 1 ? given_ : earned_;
  if (from < 1) return false;
  from -= 1;
  return true;
}

}  // namespace switchyard::agent::breaker
