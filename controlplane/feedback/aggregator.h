// Aggregator: the fleet's evidence of the last 60 seconds, from all agents' reports, as `yardctl top` shows it.
//
// Time: a report counts in the second in which it arrived, by the controller's clock. The agent's own clock decides nothing, so an agent
// that lives in the future or the past does no harm (it is counted in `skewed`). Figures cover whole seconds that are over, so that a
// rate is not diluted by a second just begun.
// Once only: of one agent process each sequence number counts once and never after a higher one; a new process starts anew.
// Gauges (in-flight, health, breakers) are those of each agent's newest report and are left out when the agent is gone or silent for 10 s.
//
// Bounds, see AggregatorLimits. Beyond max_agents the one silent for longest is forgotten. Beyond max_backends a backend unknown so far is
// dropped; beyond max_histogram_buckets counts are kept but latency is not; beyond max_gauges in-flight and health are not; for breakers see BreakerBoard. Each
// is counted.
// Rows that no honest agent sends (names too long, a billion attempts in a window, a malformed histogram) are dropped and counted in
// `malformed`; the rest of that report counts.
// Thread-safety: every method from any thread; one lock, held for O(rows of a report), or O(agents + rows x window) for Top: gauges are summed as they
// come, so that a page which looks every second does not count a million of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "controlplane/feedback/backend_ring.h"
#include "controlplane/feedback/breaker_board.h"
#include "controlplane/feedback/report_sink.h"
#include "controlplane/feedback/top_rows.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/report.pb.h"

namespace switchyard::controlplane::feedback {

struct AggregatorLimits {
  std::size_t max_agents = 10'000;
  // 5 KB each when busy.
  std::size_t max_backends = 20'000;
  // 16 bytes each.
  std::size_t max_gauges = 1'000'000;
  // 8 bytes each.
  std::size_t max_histogram_buckets = 8'000'000;
  // About 300 bytes each.
  std::size_t max_breakers = 100'000;
};

// What was taken and what was not, since the start.
struct AggregatorCounters {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  // Agent's clock more than 5 s away from ours. The report counts all the same.
  std::uint64_t skewed = 0;
  std::uint64_t malformed = 0;
  // Left out because of a bound.
  std::uint64_t dropped = 0;
};

class Aggregator final : public ReportSink {
 public:
  // `clock` outlives this.
  explicit Aggregator(const Clock* clock, AggregatorLimits limits = {});

  void OnReport(const std::string& node, const std::string& instance, const v1::Report& report) override;
  void OnEvent(const std::string& node, const std::string& instance, const v1::Event& event) override;
  void OnGone(const std::string& node) override;

  // Rows of one upstream (empty: of all) over the last `window`, clamped to 1-60 s, in order of upstream and backend; the sum of an
  // upstream comes before its backends.
  v1::TopResponse Top(const std::string& upstream, Duration window) const;
  // What agents say of the breakers of one backend, the worst first.
  std::vector<v1::BreakerRow> Breakers(const std::string& upstream, const std::string& backend) const;
  AggregatorCounters counters() const;

 private:
  // Upstream name, backend address.
  using Key = std::pair<std::string, std::string>;
  // Of the gauges that point to a backend.
  struct GaugeSums {
    std::uint64_t in_flight = 0;
    std::uint32_t count = 0;
    std::uint32_t healthy = 0;
    std::uint32_t unhealthy = 0;
    // REQUIRES: `part` is in them.
    void Take(const GaugeSums& part);
  };
  struct Entry {
    BackendRing ring;
    GaugeSums gauges;
  };
  using Backends = std::map<Key, Entry>;
  struct Gauge {
    Backends::value_type* backend;
    std::uint32_t in_flight;
    v1::Health health;
  };
  struct Agent {
    std::string instance;
    std::uint64_t last_sequence = 0;
    TimePoint last_report;
    std::vector<Gauge> gauges;
  };

  std::int64_t Second(TimePoint at) const;
  Agent* AdmitReport(const std::string& node, const std::string& instance, const v1::Report& report);
  void AddRow(const v1::BackendReport& row, std::int64_t second, Agent& agent);
  Backends::value_type* FindOrMake(Key key, std::int64_t second);
  void DropGauges(Agent& agent);
  void DropIdleBackends(std::int64_t second);
  void ForgetOldestAgent();
  // Adds `gauge` to the sums of its backend, or takes it from them.
  static void Count(const Gauge& gauge, GaugeSums& sums);
  static void Discount(const Gauge& gauge, GaugeSums& sums);
  // What agents that are silent have a part in.
  std::map<const Backends::value_type*, GaugeSums> SilentGauges(TimePoint now) const;
  void TakeBreakers(const std::string& node, const v1::Report& report, TimePoint now);
  // Of a backend that `agents` tell of.
  std::vector<v1::BreakerRow> BreakersOf(const Key& backend, std::uint32_t agents, TimePoint now) const;

  const Clock* clock_;
  const AggregatorLimits limits_;
  const TimePoint start_;

  mutable std::mutex mutex_;
  Backends backends_;
  std::map<std::string, Agent> agents_;
  BreakerBoard breakers_;
  std::size_t gauges_ = 0;
  std::size_t buckets_ = 0;
  // Second of the first report ever; -1: none yet.
  std::int64_t first_second_ = -1;
  // When idle backends were last looked for.
  std::int64_t swept_second_ = 0;
  AggregatorCounters counters_;
};

}  // namespace switchyard::controlplane::feedback
