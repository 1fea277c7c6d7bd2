#include "controlplane/feedback/backend_ring.h"

#include <algorithm>
#include <numeric>

namespace switchyard::controlplane::feedback {

void BackendTotals::Merge(const BackendTotals& other) {
  succeeded += other.succeeded;
  server_errors += other.server_errors;
  for (std::size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  response_bytes += other.response_bytes;
  request_bytes += other.request_bytes;
  latency.Merge(other.latency);
}

std::uint64_t BackendTotals::failed() const { return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0}); }

std::ptrdiff_t BackendRing::Add(std::int64_t second, const BackendTotals& counts, bool keep_latency) {
  if (slots_.empty()) slots_.resize(kSeconds);
  Slot& slot = slots_[static_cast<std::size_t>(second % kSeconds)];
  const auto before = static_cast<std::ptrdiff_t>(slot.latency.size());
  if (slot.second != second) {
    slot.latency.Clear();
    slot = Slot{};
    slot.second = second;
  }
  slot.succeeded += counts.succeeded;
  slot.server_errors += counts.server_errors;
  slot.response_bytes += counts.response_bytes;
  slot.request_bytes += counts.request_bytes;
  for (std::size_t i = 0; i < counts.failures.size(); ++i) {
    if (counts.failures[i] == 0) continue;
    const auto it = std::find_if(slot.failures.begin(), slot.failures.end(), [i](const Failure& f) { return f.cause_index == i; });
    if (it == slot.failures.end()) {
      slot.failures.push_back({static_cast<std::uint16_t>(i), counts.failures[i]});
    } else {
      it->count += counts.failures[i];
    }
  }
  if (keep_latency) slot.latency.Add(counts.latency);
  newest_ = std::max(newest_, second);
  return static_cast<std::ptrdiff_t>(slot.latency.size()) - before;
}

void BackendRing::SumInto(std::int64_t from, std::int64_t to, BackendTotals& totals) const {
  if (slots_.empty()) return;
  for (std::int64_t second = std::max({from, newest_ - kSeconds + 1, std::int64_t{0}}); second < std::min(to, newest_ + 1); ++second) {
    const Slot& slot = slots_[static_cast<std::size_t>(second % kSeconds)];
    if (slot.second != second) continue;
    totals.succeeded += slot.succeeded;
    totals.server_errors += slot.server_errors;
    totals.response_bytes += slot.response_bytes;
    totals.request_bytes += slot.request_bytes;
    for (const Failure& failure : slot.failures) totals.failures[failure.cause_index] += failure.count;
    slot.latency.AddTo(totals.latency);
  }
}

std::size_t BackendRing::buckets() const {
  return std::accumulate(slots_.begin(), slots_.end(), std::size_t{0},
                         [](std::size_t sum, const Slot& slot) { return sum + slot.latency.size(); });
}

}  // namespace switchyard::controlplane::feedback
