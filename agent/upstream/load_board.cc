#include "agent/upstream/load_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace switchyard::agent::upstream {
namespace {

constexpr Duration kSampleTime = std::chrono::seconds(1);
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void LoadBoard::Left(bool failed) {
  in_flight_.fetch_sub(1, kRelaxed);
  ended_.fetch_add(1, kRelaxed);
  if (failed) failed_.fetch_add(1, kRelaxed);
}

void LoadBoard::Sample(TimePoint now) {
  Duration::rep last = sampled_at_.load(kRelaxed);
  const Duration::rep at = now.time_since_epoch().count();
  if (last != 0 && at - last < kSampleTime.count()) return;
  if (!sampled_at_.compare_exchange_strong(last, at, kRelaxed)) return;
  const std::uint64_t ended = ended_.load(kRelaxed);
  const std::uint64_t failed = failed_.load(kRelaxed);
  const std::uint64_t ended_since = ended - sampled_ended_.exchange(ended, kRelaxed);
  const std::uint64_t failed_since = failed - sampled_failed_.exchange(failed, kRelaxed);
  if (last == 0) return;
  const double seconds = std::chrono::duration<double>(Duration(at - last)).count();
  rate_.store(static_cast<double>(ended_since) / seconds, kRelaxed);
  error_rate_.store(static_cast<double>(failed_since) / seconds, kRelaxed);
}

void LoadBoard::Tell(TimePoint now, double capacity, std::string& out) {
  Sample(now);
  const std::int64_t in_flight = std::max<std::int64_t>(0, in_flight_.load(kRelaxed));
  const double rate = rate_.load(kRelaxed);
  out.assign("TEXT ");
  const auto end = std::back_inserter(out);
  fmt::format_to(end, "named_metrics.in_flight={}", in_flight);
  if (rate >= 0) fmt::format_to(end, ",rps_fractional={:.1f},eps={:.1f}", rate, error_rate_.load(kRelaxed));
  if (capacity > 0) fmt::format_to(end, ",application_utilization={:.3f}", static_cast<double>(in_flight) / capacity);
}

}  // namespace switchyard::agent::upstream
