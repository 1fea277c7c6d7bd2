// Prober: asks backends on a schedule how they are, and writes the answers into the HealthTable.
//
// Each target is probed at once when it is new, then `interval` after the end of the last probe, or `suspicious_interval`: while results speak
// against its state, and when it has become unhealthy, from where the gap grows to `interval` as a sixteenth of the time that it has been so:
// what has just fallen is soon up again, or not for long. Each gap is varied by +-10 % so that agents and backends do not fall into step. State
// is carried over a change of configuration by (upstream, address); a target whose terms changed is asked again at once and keeps its state
// meanwhile. A target that is gone is cancelled at once and its entry set back to unknown.
//
// A change of mind is told at once, with its reason: to unhealthy always, to healthy only from unhealthy (what starts out well is no news).
// Thread-safety: loop thread only. Bounds: at most `max_concurrent` probes run; the others wait in order, each target at most once.
// Errors: a failed probe is a result, not an error.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/health/health_table.h"
#include "agent/health/probe.h"
#include "agent/health/probe_targets.h"
#include "common/base/loop.h"
#include "common/base/random.h"

namespace switchyard::agent::health {

struct ProberOptions {
  std::size_t max_concurrent = 64;
  // For the jitter.
  std::uint64_t seed = 0;
};

// A backend that changed.
struct HealthNews {
  std::string upstream;
  std::string address;
  HealthState state = HealthState::kUnknown;
  std::string reason;
};

// One target as it is now, for status pages and metrics.
struct ProbeStatus {
  std::string upstream;
  std::string address;
  HealthState state = HealthState::kUnknown;
  // Of the newest probe; empty before the first has ended.
  std::string reason;
};

class Prober {
 public:
  // All must outlive the prober.
  Prober(Loop& loop, ProbeRunner& runner, HealthTable& table, ProberOptions options);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Told of every change of mind. Set before the first Update.
  void OnNews(std::function<void(const HealthNews&)> news) { news_ = std::move(news); }
  // Told of every probe that ended: upstream, ok. For counters.
  void OnProbe(std::function<void(const std::string&, bool)> probed) { probed_ = std::move(probed); }

  // Which backends are ours to probe; empty: all. Holds from the next Update on.
  void SetMine(std::function<bool(const BackendKey&)> mine) { mine_ = std::move(mine); }
  // Makes the targets those of `snapshot` that are ours.
  void Update(const v1::Snapshot& snapshot);
  // Cancels every probe and forgets every target.
  void Stop();

  std::vector<ProbeStatus> Status() const;
  std::size_t running() const { return running_; }

 private:
  struct Target;

  void Place(const BackendKey& key, const ProbeTarget& terms);
  void Drop(Target& target);
  void Enqueue(Target& target);
  void StartWaiting();
  void Finish(Target& target, const ProbeResult& result);
  Duration NextGap(Target& target);

  Loop& loop_;
  ProbeRunner& runner_;
  HealthTable& table_;
  const ProberOptions options_;
  Random random_;
  std::function<void(const HealthNews&)> news_;
  std::function<void(const std::string&, bool)> probed_;
  std::function<bool(const BackendKey&)> mine_;
  std::map<BackendKey, std::unique_ptr<Target>> targets_;
  // Keys, because a target may go while it waits.
  std::deque<BackendKey> waiting_;
  std::size_t running_ = 0;
};

}  // namespace switchyard::agent::health
