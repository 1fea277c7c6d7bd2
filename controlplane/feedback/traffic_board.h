// TrafficBoard: what clients saw, over the last 60 seconds: requests per listener from all agents' reports, and what each agent holds now.
//
// Time and once-only are those of the Aggregator: a report counts in the second in which it arrived, each sequence number of one agent
// process once. Gauges of an agent (memory, open connections) are those of its newest report and end with its stream.
// Bounds: kMaxListeners (24 KB each when busy) and kMaxAgents; a listener beyond is dropped and counted; beyond kMaxAgents the one silent for
// longest is forgotten. A row that no honest agent sends (a billion requests in a window, a malformed histogram) is left out and counted.
// Thread-safety: every method from any thread; one lock, held for O(listeners of a report), or O(listeners x window).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/cause.h"
#include "common/base/clock.h"
#include "controlplane/feedback/report_sink.h"
#include "controlplane/feedback/sparse_histogram.h"
#include "switchyard/v1/report.pb.h"
#include "switchyard/v1/series.pb.h"

namespace switchyard::controlplane::feedback {

inline constexpr std::size_t kMaxListeners = 2000;
inline constexpr std::size_t kMaxBoardAgents = 10'000;

class TrafficBoard final : public ReportSink {
 public:
  static constexpr std::int64_t kSeconds = 60;

  // `clock` outlives this.
  explicit TrafficBoard(const Clock* clock);

  void OnReport(const std::string& node, const std::string& instance, const v1::Report& report) override;
  void OnEvent(const std::string&, const std::string&, const v1::Event&) override {}
  void OnGone(const std::string& node) override;

  // Per second, over the last `seconds` (1-59) that are over: the first row is the fleet's, without a name; then the listeners that agents
  // reported in the last minute, by name.
  std::vector<v1::FlowRow> Rows(std::int64_t seconds) const;

  struct Gauges {
    std::uint64_t resident_bytes = 0;
    std::uint32_t open_connections = 0;
  };
  std::optional<Gauges> Of(const std::string& node) const;
  // Rows or listeners that were left out.
  std::uint64_t dropped() const;

 private:
  static constexpr std::size_t kClasses = 5;
  struct Slot {
    std::int64_t second = -1;
    std::array<std::uint64_t, kClasses> by_class{};
    std::array<std::uint32_t, kCauseCount> causes{};
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0;
    SparseHistogram duration;
  };
  struct Listener {
    std::vector<Slot> slots;
    std::int64_t newest = -1;
  };
  struct Agent {
    std::string instance;
    std::uint64_t last_sequence = 0;
    TimePoint last_report;
    bool present = false;
    Gauges gauges;
  };
  struct Sum;

  bool Admit(const std::string& node, const std::string& instance, const v1::Report& report);
  void AddRow(const v1::ListenerReport& row, std::int64_t second);
  std::int64_t Second() const;

  const Clock* clock_;
  const TimePoint start_;
  mutable std::mutex mutex_;
  std::map<std::string, Listener> listeners_;
  std::map<std::string, Agent> agents_;
  std::uint64_t dropped_ = 0;
};

}  // namespace switchyard::controlplane::feedback
