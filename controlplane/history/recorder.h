// Recorder: once a second asks the feedback room for the figures of the second just over, keeps them as the newest moment for whoever looks,
// and writes them to the ring; every ten seconds and every minute the figures of that time, from its own sketches.
//
// Off every other path: it runs on one thread of its own, driven by `Tick`; a tick that comes while the last one still works is left out and counted.
// Bounds: kMaxRecordedBackends backends are written, those with the most attempts first; the newest moment has all upstreams and listeners.
// Errors: a ring that refuses (disk full) costs the past only; the newest moment is there all the same. The failure is logged, at most once
// a minute, and counted.
// Thread-safety: `Tick` from one thread; the others from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/feedback/aggregator.h"
#include "controlplane/feedback/traffic_board.h"
#include "controlplane/history/ring.h"
#include "switchyard/v1/series.pb.h"

namespace switchyard::controlplane::history {

inline constexpr std::size_t kMaxRecordedBackends = 2000;

// The figures of one second.
struct Moment {
  WallTime time;
  v1::FlowRow fleet;
  std::vector<v1::FlowRow> listeners;
  // By name. `backends` is set.
  std::vector<v1::FlowRow> upstreams;
  std::uint32_t backends = 0;
  // More agents call them unhealthy than healthy.
  std::uint32_t backends_down = 0;
  // Backends down, by place in `upstreams`.
  std::vector<std::uint32_t> down_by_upstream;
};

struct AgentCounts {
  std::uint32_t connected = 0;
  std::uint32_t known = 0;
};

class Recorder {
 public:
  // All outlive it. `counts`: how many agents there are; any thread.
  struct Parts {
    const Clock* clock = nullptr;
    observe::Log* log = nullptr;
    const feedback::Aggregator* aggregator = nullptr;
    const feedback::TrafficBoard* board = nullptr;
    Ring* ring = nullptr;
    std::function<AgentCounts()> counts;
    // Percent of its configured weight that each backend gets, by upstream and address; those that get all of it may be left out. May be null.
    std::function<std::map<std::pair<std::string, std::string>, std::uint32_t>()> weights;
  };
  explicit Recorder(Parts parts);

  // Call once a second.
  void Tick();
  // Never null; before the first Tick without rows.
  std::shared_ptr<const Moment> newest() const;
  const Ring& ring() const { return *parts_.ring; }
  // Writes that the ring refused.
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  void Record(Tier tier, std::int64_t now);
  void Complain(const absl::Status& status);

  const Parts parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Moment> newest_;
  std::atomic<std::uint64_t> failures_{0};
  // Touched by Tick only.
  std::int64_t last_ = 0;
  TimePoint complained_{};
  bool failing_ = false;
};

}  // namespace switchyard::controlplane::history
