#include "controlplane/feedback/traffic_board.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/stats/exponential_histogram.h"

namespace switchyard::controlplane::feedback {
namespace {

// More than any agent can see in one window.
constexpr std::uint64_t kMostPerWindow = 1'000'000'000;
constexpr std::uint64_t kMostBytes = 1'000'000'000'000'000;
constexpr std::size_t kLongestName = 63;
constexpr int kMostRows = 2000;
constexpr Duration kSilence = std::chrono::seconds(10);
constexpr double kMicrosPerMilli = 1000.0;

bool Honest(const v1::ListenerReport& row) {
  if (row.listener().empty() || row.listener().size() > kLongestName || row.connections() > kMostPerWindow) return false;
  const auto fits = [](std::uint64_t n) { return n <= kMostPerWindow; };
  return std::all_of(row.by_class().begin(), row.by_class().end(), fits) &&
         std::all_of(row.duration().counts().begin(), row.duration().counts().end(), fits);
}

// The cause's place in AllCauses(); nothing for a number that is no cause.
std::optional<std::size_t> IndexOf(v1::Cause cause) {
  const auto all = AllCauses();
  const auto it = std::find_if(all.begin(), all.end(), [cause](const CauseInfo& info) { return static_cast<int>(info.cause) == cause; });
  if (it == all.end()) return std::nullopt;
  return static_cast<std::size_t>(it - all.begin());
}

}  // namespace

// Totals over some seconds.
struct TrafficBoard::Sum {
  std::array<std::uint64_t, kClasses> by_class{};
  std::array<std::uint64_t, kCauseCount> causes{};
  std::uint64_t connections = 0;
  std::uint64_t bytes = 0;
  stats::ExponentialHistogram duration;

  void Add(const Slot& slot) {
    for (std::size_t i = 0; i < kClasses; ++i) by_class[i] += slot.by_class[i];
    for (std::size_t i = 0; i < kCauseCount; ++i) causes[i] += slot.causes[i];
    connections += slot.connections;
    bytes += slot.bytes;
    slot.duration.AddTo(duration);
  }
  void Add(const Sum& other) {
    for (std::size_t i = 0; i < kClasses; ++i) by_class[i] += other.by_class[i];
    for (std::size_t i = 0; i < kCauseCount; ++i) causes[i] += other.causes[i];
    connections += other.connections;
    bytes += other.bytes;
    duration.Merge(other.duration);
  }

  v1::FlowRow ToRow(const std::string& name, double seconds) const {
    v1::FlowRow row;
    row.set_name(name);
    std::uint64_t all = 0;
    for (const std::uint64_t n : by_class) {
      all += n;
      row.add_by_class(static_cast<double>(n) / seconds);
    }
    row.set_rate(static_cast<double>(all) / seconds);
    row.set_errors(static_cast<double>(by_class[kClasses - 1]) / seconds);
    row.set_p50_ms(duration.Quantile(0.5) / kMicrosPerMilli);
    row.set_p99_ms(duration.Quantile(0.99) / kMicrosPerMilli);
    row.set_in_flight(static_cast<std::uint32_t>(static_cast<double>(connections) / seconds));
    row.set_bytes(static_cast<double>(bytes) / seconds);
    AddCauses(row);
    return row;
  }

  void AddCauses(v1::FlowRow& row) const {
    constexpr std::size_t kMost = 10;
    std::vector<std::pair<std::uint64_t, std::size_t>> found;
    for (std::size_t i = 0; i < kCauseCount; ++i) {
      if (causes[i] > 0) found.emplace_back(causes[i], i);
    }
    std::sort(found.rbegin(), found.rend());
    if (found.size() > kMost) found.resize(kMost);
    for (const auto& [count, index] : found) {
      v1::CauseCount& cause = *row.add_causes();
      cause.set_cause(static_cast<v1::Cause>(AllCauses()[index].cause));
      cause.set_count(count);
    }
  }
};

TrafficBoard::TrafficBoard(const Clock* clock) : clock_(clock), start_(clock->Now()) {}

std::int64_t TrafficBoard::Second() const { return std::chrono::floor<std::chrono::seconds>(clock_->Now() - start_).count(); }

void TrafficBoard::OnReport(const std::string& node, const std::string& instance, const v1::Report& report) {
  const std::lock_guard lock(mutex_);
  if (!Admit(node, instance, report)) return;
  const std::int64_t second = Second();
  const int rows = std::min(report.listeners_size(), kMostRows);
  dropped_ += static_cast<std::uint64_t>(report.listeners_size() - rows);
  for (int i = 0; i < rows; ++i) AddRow(report.listeners(i), second);
}

bool TrafficBoard::Admit(const std::string& node, const std::string& instance, const v1::Report& report) {
  auto it = agents_.find(node);
  if (it == agents_.end()) {
    if (agents_.size() >= kMaxBoardAgents) {
      agents_.erase(std::min_element(agents_.begin(), agents_.end(),
                                     [](const auto& a, const auto& b) { return a.second.last_report < b.second.last_report; }));
    }
    it = agents_.emplace(node, Agent{}).first;
  }
  Agent& agent = it->second;
  if (agent.instance == instance && report.sequence() <= agent.last_sequence) return false;
  agent.instance = instance;
  agent.last_sequence = report.sequence();
  agent.last_report = clock_->Now();
  agent.present = true;
  agent.gauges = {report.resident_bytes(), report.open_connections()};
  return true;
}

void TrafficBoard::AddRow(const v1::ListenerReport& row, std::int64_t second) {
  if (!Honest(row)) {
    ++dropped_;
    return;
  }
  stats::ExponentialHistogram duration;
  const auto& wire = row.duration();
  if (!duration.MergeWire(wire.scale(), wire.offset(), wire.counts().data(), static_cast<std::size_t>(wire.counts_size()), wire.zero_count(),
                          wire.sum())) {
    ++dropped_;
    return;
  }
  auto it = listeners_.find(row.listener());
  if (it == listeners_.end()) {
    if (listeners_.size() >= kMaxListeners) std::erase_if(listeners_, [&](const auto& l) { return l.second.newest + kSeconds < second; });
    if (listeners_.size() >= kMaxListeners) {
      ++dropped_;
      return;
    }
    it = listeners_.emplace(row.listener(), Listener{}).first;
  }
  Listener& listener = it->second;
  if (listener.slots.empty()) listener.slots.resize(kSeconds);
  Slot& slot = listener.slots[static_cast<std::size_t>(second % kSeconds)];
  if (slot.second != second) {
    slot = Slot{};
    slot.second = second;
  }
  listener.newest = second;
  const int classes = std::min<int>(row.by_class_size(), kClasses);
  for (int i = 0; i < classes; ++i) slot.by_class[static_cast<std::size_t>(i)] += row.by_class(i);
  for (const auto& cause : row.causes()) {
    // Counts of one second that do not fit 32 bits are wrong anyway.
    if (const auto index = IndexOf(cause.cause())) slot.causes[*index] += static_cast<std::uint32_t>(std::min(cause.count(), kMostPerWindow));
  }
  slot.connections += row.connections();
  slot.bytes += std::min(row.received_bytes(), kMostBytes) + std::min(row.sent_bytes(), kMostBytes);
  slot.duration.Add(duration);
}

void TrafficBoard::OnGone(const std::string& node) {
  const std::lock_guard lock(mutex_);
  // Its sequence stays known: a report sent again on the next stream must not count twice.
  if (const auto it = agents_.find(node); it != agents_.end()) it->second.present = false;
}

std::vector<v1::FlowRow> TrafficBoard::Rows(std::int64_t seconds) const {
  const std::int64_t asked = std::clamp<std::int64_t>(seconds, 1, kSeconds - 1);
  const std::lock_guard lock(mutex_);
  const std::int64_t to = Second();
  const std::int64_t from = to - asked;
  std::vector<v1::FlowRow> rows(1);
  Sum fleet;
  for (const auto& [name, listener] : listeners_) {
    if (listener.newest + kSeconds < to) continue;
    Sum sum;
    for (const Slot& slot : listener.slots) {
      if (slot.second >= from && slot.second < to) sum.Add(slot);
    }
    fleet.Add(sum);
    rows.push_back(sum.ToRow(name, static_cast<double>(asked)));
  }
  rows.front() = fleet.ToRow("", static_cast<double>(asked));
  std::uint32_t open = 0;
  for (const auto& [node, agent] : agents_) {
    if (agent.present && clock_->Now() - agent.last_report <= kSilence) open += agent.gauges.open_connections;
  }
  rows.front().set_in_flight(open);
  return rows;
}

std::optional<TrafficBoard::Gauges> TrafficBoard::Of(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  const auto it = agents_.find(node);
  if (it == agents_.end() || !it->second.present) return std::nullopt;
  return it->second.gauges;
}

std::uint64_t TrafficBoard::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace switchyard::controlplane::feedback
