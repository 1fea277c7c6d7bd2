// Controller metrics: what the controller counts, as /metrics shows it. Names follow common/observe/metric_names.h.
//
// Everything is read when someone asks; nothing is counted twice. Counters of other rooms are running sums: the difference to the last
// reading is added. What takes time (pushes, commits) is observed where it happens, into the same Metrics.
// Thread-safety: Scrape from one thread at a time (the metrics port's). Cost: O(label values), no lock held for long.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/observe/metrics.h"
#include "controlplane/dashboard/sessions.h"
#include "controlplane/feedback/aggregator.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/history/recorder.h"
#include "controlplane/identity/refusals.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/store/store.h"
#include "controlplane/stream/session_registry.h"

namespace switchyard::controlplane {

// All must outlive the metrics.
struct MetricSources {
  const store::Store* store = nullptr;
  const stream::SessionRegistry* registry = nullptr;
  const feedback::Aggregator* aggregator = nullptr;
  const fleet::FleetLoop* fleet = nullptr;
  const identity::RefusalCounters* refusals = nullptr;
  const history::Recorder* recorder = nullptr;
  const kubernetes::FoundBackends* found = nullptr;
  const dashboard::Sessions* logins = nullptr;
  const Clock* clock = nullptr;
  // What other rooms count where it happens; shown together with what is read here.
  observe::Metrics* metrics = nullptr;
};

class ControllerMetrics {
 public:
  ControllerMetrics(const MetricSources& sources, const std::string& version, WallTime started);
  // The Prometheus text, as of now.
  std::string Scrape();

 private:
  void AddFleet();
  void AddBackends();
  void AddHistory();
  void Raise(const observe::MetricDef& metric, std::uint64_t sum);
  void AddKubernetes();
  void Raise(const observe::MetricDef& metric, std::string_view label, std::uint64_t sum);

  const MetricSources sources_;
  observe::Metrics& metrics_;
  std::map<std::string, std::uint64_t> read_;
};

}  // namespace switchyard::controlplane
