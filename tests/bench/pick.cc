// yard-pick-bench: what one pick costs, in nanoseconds, by balancer and number of backends. Bound: 150 ns at 1,000 backends, but for
// RENDEZVOUS, which looks at every backend.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <vector>

#include "agent/balancer/picker.h"
#include "common/base/clock.h"

namespace switchyard::agent::balancer {
namespace {

constexpr const char* kNames[] = {"round robin", "least request", "random", "peak EWMA", "adaptive",
                                  "hot/cold", "ring", "Maglev", "rendezvous", "adaptive, no reports"};
// The last row: ADAPTIVE by its own evidence and the fleet's requests in flight.
constexpr std::size_t kNoReports = std::size(kNames) - 1;

double NanosecondsPerPick(Kind kind, std::size_t backends, bool reports) {
  auto policy = std::make_shared<PickerPolicy>();
  std::vector<Member> members;
  for (std::uint64_t i = 0; i < backends; ++i) members.push_back({Mix(i), static_cast<std::uint32_t>(1 + i % 3), 0, true});
  policy->plan = MakePlan({.kind = kind, .hash_bound = 1.25}, members);
  std::vector<BackendRecord> records(backends);
  std::vector<BackendRecord*> pointers;
  for (BackendRecord& record : records) pointers.push_back(&record);
  Random random(1);
  TimePoint now(std::chrono::seconds(10));
  Picker picker(policy, pointers, false, now, random);
  for (BackendRecord& record : records) record.evidence.OnSuccess(now, std::chrono::milliseconds(1 + random.Below(9)));
  picker.Refresh(now);
  // The best of many short runs: on a machine that does other things, too, that is what the pick itself costs.
  const int picks = kind == Kind::kRendezvous ? 500 : 10'000;
  const SystemClock clock;
  double best = 1e9;
  std::size_t sum = 0;
  for (int run = 0; run < 50; ++run) {
    const TimePoint began = clock.Now();
    for (int i = 0; i < picks; ++i) {
      if (reports && i % 4 == 0 && (kind == Kind::kAdaptive || kind == Kind::kPrequal)) picker.OnReport(random.Below(backends), {2, 0.01F, 0, now});
      sum += picker.Pick(static_cast<std::uint64_t>(i), kNone, kNone, now, random);
    }
    best = std::min(best, static_cast<double>((clock.Now() - began).count()) / picks);
  }
  return sum == 0 ? 0 : best;
}

}  // namespace
}  // namespace switchyard::agent::balancer

int main() {
  using namespace switchyard::agent::balancer;
  std::printf("| balancer | 10 backends | 100 | 1000 |\n|---|---|---|---|\n");
  for (std::size_t row = 0; row < std::size(kNames); ++row) {
    const Kind kind = row == kNoReports ? Kind::kAdaptive : static_cast<Kind>(row);
    std::printf("| %s |", kNames[row]);
    for (const std::size_t backends : {10, 100, 1'000}) std::printf(" %.0f ns |", NanosecondsPerPick(kind, backends, row != kNoReports));
    std::printf("\n");
  }
  return 0;
}
