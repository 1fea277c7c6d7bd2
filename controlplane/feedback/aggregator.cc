#include "controlplane/feedback/aggregator.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "common/config/proto_duration.h"
#include "controlplane/feedback/top_rows.h"

namespace switchyard::controlplane::feedback {
namespace {

constexpr Duration kSilence = std::chrono::seconds(10);
constexpr Duration kSkew = std::chrono::seconds(5);
constexpr Duration kLongestReport = std::chrono::seconds(60);
// More attempts than any agent can make in one window.
constexpr std::uint64_t kMostPerWindow = 1'000'000'000;
// More bytes, too.
constexpr std::uint64_t kMostBytesPerWindow = 1'000'000'000'000'000;
constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestAddress = 64;
constexpr int kMostRows = 20'000;
constexpr std::uint64_t kMostBreakersTold = 1'000;

bool Skewed(const google::protobuf::Timestamp& end, WallTime now) {
  // In whole seconds: an arbitrary timestamp does not fit nanoseconds.
  const auto here = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return end.seconds() > here + kSkew / std::chrono::seconds(1) || end.seconds() < here - kSkew / std::chrono::seconds(1);
}

// The cause's place in the arrays; nothing for a number that is no cause (a newer agent's, say).
std::optional<std::size_t> KnownCause(v1::Cause cause) {
  const auto all = AllCauses();
  const auto it = std::find_if(all.begin(), all.end(), [cause](const CauseInfo& info) { return static_cast<int>(info.cause) == cause; });
  if (it == all.end()) return std::nullopt;
  return static_cast<std::size_t>(it - all.begin());
}

// Nothing when no honest agent sends such a row.
std::optional<BackendTotals> ReadRow(const v1::BackendReport& row) {
  if (row.upstream().empty() || row.upstream().size() > kLongestName) return std::nullopt;
  if (row.backend().empty() || row.backend().size() > kLongestAddress) return std::nullopt;
  if (row.succeeded() > kMostPerWindow || row.server_errors() > kMostPerWindow) return std::nullopt;
  BackendTotals totals;
  totals.succeeded = row.succeeded();
  totals.response_bytes = std::min(row.response_bytes(), kMostBytesPerWindow);
  totals.request_bytes = std::min(row.request_bytes(), kMostBytesPerWindow);
  totals.server_errors = row.server_errors();
  for (const auto& failure : row.failures()) {
    if (failure.count() > kMostPerWindow) return std::nullopt;
    // Repeated causes must not add up beyond the bound either.
    if (const auto index = KnownCause(failure.cause())) totals.failures[*index] = failure.count();
  }
  const auto& wire = row.latency();
  if (!row.has_latency()) return totals;
  const auto size = static_cast<std::size_t>(wire.counts_size());
  if (std::any_of(wire.counts().begin(), wire.counts().end(), [](std::uint64_t n) { return n > kMostPerWindow; })) return std::nullopt;
  if (!totals.latency.MergeWire(wire.scale(), wire.offset(), wire.counts().data(), size, wire.zero_count(), wire.sum())) return std::nullopt;
  return totals;
}

}  // namespace

Aggregator::Aggregator(const Clock* clock, AggregatorLimits limits) : clock_(clock), limits_(limits), start_(clock->Now()), breakers_(limits.max_breakers) {}

std::int64_t Aggregator::Second(TimePoint at) const { return std::chrono::floor<std::chrono::seconds>(at - start_).count(); }

void Aggregator::OnReport(const std::string& node, const std::string& instance, const v1::Report& report) {
  const std::lock_guard lock(mutex_);
  Agent* agent = AdmitReport(node, instance, report);
  if (agent == nullptr) return;
  const std::int64_t second = Second(agent->last_report);
  if (first_second_ < 0) first_second_ = second;
  if (second - swept_second_ >= BackendRing::kSeconds) DropIdleBackends(second);
  DropGauges(*agent);
  const int rows = std::min(report.backends_size(), kMostRows);
  counters_.dropped += static_cast<std::uint64_t>(report.backends_size() - rows);
  for (int i = 0; i < rows; ++i) AddRow(report.backends(i), second, *agent);
  TakeBreakers(node, report, agent->last_report);
}

void Aggregator::TakeBreakers(const std::string& node, const v1::Report& report, TimePoint now) {
  const auto taken = breakers_.Replace(node, report, now, [this](const Key& backend) { return backends_.find(backend) != backends_.end(); });
  counters_.malformed += taken.malformed;
  counters_.dropped += taken.dropped;
}

Aggregator::Agent* Aggregator::AdmitReport(const std::string& node, const std::string& instance, const v1::Report& report) {
  const Duration length = config::FromProto(report.length());
  if (length <= Duration::zero() || length > kLongestReport) {
    ++counters_.malformed;
    return nullptr;
  }
  auto it = agents_.find(node);
  if (it == agents_.end()) {
    if (agents_.size() >= limits_.max_agents) ForgetOldestAgent();
    it = agents_.emplace(node, Agent{}).first;
  }
  Agent& agent = it->second;
  if (agent.instance == instance && report.sequence() <= agent.last_sequence) {
    ++counters_.duplicates;
    return nullptr;
  }
  agent.instance = instance;
  agent.last_sequence = report.sequence();
  agent.last_report = clock_->Now();
  if (Skewed(report.end(), clock_->WallNow())) ++counters_.skewed;
  ++counters_.accepted;
  return &agent;
}

void Aggregator::AddRow(const v1::BackendReport& row, std::int64_t second, Agent& agent) {
  const auto totals = ReadRow(row);
  if (!totals) {
    ++counters_.malformed;
    return;
  }
  auto* backend = FindOrMake(Key(row.upstream(), row.backend()), second);
  if (backend == nullptr) {
    ++counters_.dropped;
    return;
  }
  const bool keep_latency = buckets_ < limits_.max_histogram_buckets;
  if (!keep_latency && totals->latency.count() > 0) ++counters_.dropped;
  buckets_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(buckets_) + backend->second.ring.Add(second, *totals, keep_latency));
  if (gauges_ >= limits_.max_gauges) {
    ++counters_.dropped;
    return;
  }
  agent.gauges.push_back({backend, row.in_flight(), row.health()});
  Count(agent.gauges.back(), backend->second.gauges);
  ++gauges_;
}

Aggregator::Backends::value_type* Aggregator::FindOrMake(Key key, std::int64_t second) {
  auto it = backends_.find(key);
  if (it != backends_.end()) return &*it;
  if (backends_.size() >= limits_.max_backends && second != swept_second_) DropIdleBackends(second);
  if (backends_.size() >= limits_.max_backends) return nullptr;
  return &*backends_.emplace(std::move(key), Entry{}).first;
}

void Aggregator::DropGauges(Agent& agent) {
  for (const Gauge& gauge : agent.gauges) Discount(gauge, gauge.backend->second.gauges);
  gauges_ -= agent.gauges.size();
  agent.gauges.clear();
}

void Aggregator::DropIdleBackends(std::int64_t second) {
  swept_second_ = second;
  for (auto it = backends_.begin(); it != backends_.end();) {
    const BackendRing& ring = it->second.ring;
    if (it->second.gauges.count == 0 && ring.newest() + BackendRing::kSeconds < second) {
      buckets_ -= ring.buckets();
      it = backends_.erase(it);
    } else {
      ++it;
    }
  }
}

void Aggregator::OnEvent(const std::string& node, const std::string& instance, const v1::Event& event) {
  if (!event.has_health_change()) return;
  const auto& change = event.health_change();
  const std::lock_guard lock(mutex_);
  const auto it = agents_.find(node);
  if (it == agents_.end() || it->second.instance != instance) return;
  for (Gauge& gauge : it->second.gauges) {
    if (gauge.backend->first.first != change.upstream() || gauge.backend->first.second != change.backend()) continue;
    Discount(gauge, gauge.backend->second.gauges);
    gauge.health = change.health();
    Count(gauge, gauge.backend->second.gauges);
  }
}

void Aggregator::OnGone(const std::string& node) {
  const std::lock_guard lock(mutex_);
  const auto it = agents_.find(node);
  // Its sequence stays known: a report sent again on the next stream must not count twice.
  if (it != agents_.end()) DropGauges(it->second);
  breakers_.Drop(node);
}

void Aggregator::ForgetOldestAgent() {
  const auto oldest = std::min_element(agents_.begin(), agents_.end(),
                                       [](const auto& a, const auto& b) { return a.second.last_report < b.second.last_report; });
  if (oldest == agents_.end()) return;
  DropGauges(oldest->second);
  breakers_.Drop(oldest->first);
  agents_.erase(oldest);
}

void Aggregator::Count(const Gauge& gauge, GaugeSums& sums) {
  ++sums.count;
  sums.in_flight += gauge.in_flight;
  sums.healthy += gauge.health == v1::HEALTH_HEALTHY ? 1 : 0;
  sums.unhealthy += gauge.health == v1::HEALTH_UNHEALTHY ? 1 : 0;
}

void Aggregator::Discount(const Gauge& gauge, GaugeSums& sums) {
  --sums.count;
  sums.in_flight -= gauge.in_flight;
  sums.healthy -= gauge.health == v1::HEALTH_HEALTHY ? 1 : 0;
  sums.unhealthy -= gauge.health == v1::HEALTH_UNHEALTHY ? 1 : 0;
}

void Aggregator::GaugeSums::Take(const GaugeSums& part) {
  in_flight -= part.in_flight;
  count -= part.count;
  healthy -= part.healthy;
  unhealthy -= part.unhealthy;
}

std::map<const Aggregator::Backends::value_type*, Aggregator::GaugeSums> Aggregator::SilentGauges(TimePoint now) const {
  std::map<const Backends::value_type*, GaugeSums> sums;
  for (const auto& [node, agent] : agents_) {
    if (now - agent.last_report <= kSilence) continue;
    for (const Gauge& gauge : agent.gauges) Count(gauge, sums[gauge.backend]);
  }
  return sums;
}

v1::TopResponse Aggregator::Top(const std::string& upstream, Duration window) const {
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_->Now();
  const std::int64_t to = Second(now);
  const std::int64_t asked = std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(window).count(), 1, BackendRing::kSeconds - 1);
  // Before the first report there was nothing to see; dividing by that time would understate every rate.
  const std::int64_t from = std::max(to - asked, std::max<std::int64_t>(first_second_, 0));
  const auto seconds = static_cast<double>(std::max<std::int64_t>(to - from, 1));

  v1::TopResponse response;
  for (const auto& [node, agent] : agents_) {
    if (now - agent.last_report <= std::chrono::seconds(asked)) response.set_agents(response.agents() + 1);
  }
  const auto silent = SilentGauges(now);
  std::uint64_t breakers = 0;
  auto it = upstream.empty() ? backends_.begin() : backends_.lower_bound(Key(upstream, ""));
  while (it != backends_.end() && (upstream.empty() || it->first.first == upstream)) {
    const std::string& name = it->first.first;
    TopFigures sum;
    std::vector<v1::TopRow> rows;
    for (; it != backends_.end() && it->first.first == name; ++it) {
      GaugeSums gauges = it->second.gauges;
      if (const auto out = silent.find(&*it); out != silent.end()) gauges.Take(out->second);
      if (gauges.count == 0 && it->second.ring.newest() < from) continue;
      TopFigures figures;
      figures.in_flight = static_cast<std::uint32_t>(std::min<std::uint64_t>(gauges.in_flight, std::numeric_limits<std::uint32_t>::max()));
      figures.healthy = gauges.healthy;
      figures.unhealthy = gauges.unhealthy;
      it->second.ring.SumInto(from, to, figures.totals);
      sum.Merge(figures);
      v1::TopRow& row = rows.emplace_back(MakeTopRow(name, it->first.second, figures, seconds));
      for (v1::BreakerRow& breaker : BreakersOf(it->first, gauges.count, now)) {
        if (breakers++ < kMostBreakersTold) *row.add_breakers() = std::move(breaker);
      }
    }
    if (rows.empty()) continue;
    *response.add_rows() = MakeTopRow(name, "", sum, seconds);
    for (auto& row : rows) *response.add_rows() = std::move(row);
  }
  const std::uint64_t left_out = breakers_.left_out(now - kSilence) + breakers - std::min(breakers, kMostBreakersTold);
  response.set_breakers_left_out(static_cast<std::uint32_t>(std::min<std::uint64_t>(left_out, std::numeric_limits<std::uint32_t>::max())));
  return response;
}

std::vector<v1::BreakerRow> Aggregator::BreakersOf(const Key& backend, std::uint32_t agents, TimePoint now) const {
  std::vector<v1::BreakerRow> rows = breakers_.Tell(backend, now - kSilence);
  // Past max_gauges fewer are known to tell of the backend than of its breaker.
  for (v1::BreakerRow& row : rows) row.set_agents(std::max({agents, row.open() + row.half_open() + row.soft(), row.ejected()}));
  return rows;
}

std::vector<v1::BreakerRow> Aggregator::Breakers(const std::string& upstream, const std::string& backend) const {
  const std::lock_guard lock(mutex_);
  const auto it = backends_.find(Key(upstream, backend));
  if (it == backends_.end()) return {};
  const TimePoint now = clock_->Now();
  const auto silent = SilentGauges(now);
  const auto out = silent.find(&*it);
  return BreakersOf(it->first, it->second.gauges.count - (out == silent.end() ? 0 : out->second.count), now);
}

AggregatorCounters Aggregator::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace switchyard::controlplane::feedback
