#include "tools/yard-load/tally.h"

#include <algorithm>
#include <numeric>

namespace switchyard::tools::load {

void Tally::Start(TimePoint start, bool timeline) {
  start_ = start;
  timeline_ = timeline;
}

void Tally::Mark(TimePoint now, std::uint64_t count, bool failed) {
  if (!timeline_) return;
  const std::int64_t slot = std::max<std::int64_t>(0, (now - start_) / kSlot);
  const std::size_t index = std::min(static_cast<std::size_t>(slot), kMaxSlots - 1);
  if (slots.size() <= index) slots.resize(index + 1);
  slots[index].requests += count;
  if (failed) slots[index].failed += count;
}

void Tally::Response(TimePoint now, int status, Duration taken, std::string_view header_value) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, taken / std::chrono::microseconds(1)));
  latency.Record(us);
  max_us = std::max(max_us, us);
  ++responses;
  ++by_status[static_cast<std::size_t>(std::clamp(status, 0, 599))];
  Mark(now, 1, status >= 400);
  if (header_value.empty()) return;
  auto it = header_values.find(header_value);
  if (it == header_values.end()) it = header_values.emplace(header_values.size() < kMaxValues ? header_value : "(other)", 0).first;
  ++it->second;
}

void Tally::Fail(TimePoint now, Failure failure, std::uint64_t count) {
  by_failure[static_cast<std::size_t>(failure)] += count;
  Mark(now, count, true);
}

std::uint64_t Tally::failures() const { return std::accumulate(by_failure.begin(), by_failure.end(), std::uint64_t{0}); }

std::uint64_t Tally::failed() const { return std::accumulate(by_status.begin() + 400, by_status.end(), failures()); }

void Tally::Merge(const Tally& other) {
  latency.Merge(other.latency);
  max_us = std::max(max_us, other.max_us);
  responses += other.responses;
  for (std::size_t i = 0; i < by_status.size(); ++i) by_status[i] += other.by_status[i];
  for (std::size_t i = 0; i < by_failure.size(); ++i) by_failure[i] += other.by_failure[i];
  for (const auto& [value, count] : other.header_values) {
    const bool room = header_values.size() < kMaxValues || header_values.contains(value);
    header_values[room ? value : "(other)"] += count;
  }
  if (slots.size() < other.slots.size()) slots.resize(other.slots.size());
  for (std::size_t i = 0; i < other.slots.size(); ++i) {
    slots[i].requests += other.slots[i].requests;
    slots[i].failed += other.slots[i].failed;
  }
  resent += other.resent;
  failovers += other.failovers;
  connections_opened += other.connections_opened;
  bytes_received += other.bytes_received;
}

}  // namespace switchyard::tools::load
