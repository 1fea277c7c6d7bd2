// DataPlane: the workers of an agent as one thing. Takes snapshots, gives windows, drains.
//
// Apply builds every table off the workers, opens new listening sockets first, then publishes the snapshot at one point in time: a request
// that starts after that point, on any worker, sees the new generation; one that started before finishes on the old. Connections that the
// change does not concern are not touched.
//
// Thread-safety: every method from any thread. Apply calls are carried out in order on the data plane's own thread.
// Bounds: workers 1-256; per-listener and per-upstream limits come with the snapshot.
// Errors: Start fails when threads or event loops cannot be made; a listener that cannot be opened is quarantined (see config_sink.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/config/config_sink.h"
#include "agent/report/evidence.h"
#include "agent/report/report_source.h"
#include "common/base/clock.h"

namespace switchyard::agent::access_log {
class Press;
}
namespace switchyard::agent::health {
class HealthTable;
}
namespace switchyard::observe {
class Log;
}

namespace switchyard::agent::runtime {

struct DataPlaneOptions {
  unsigned workers = 1;
  // Seeds each worker's randomness; the same seed and traffic give the same picks.
  std::uint64_t seed = 0;
  // Of this agent, for upstreams that prefer their own; may be empty.
  std::string zone;
  // Must outlive the data plane.
  const Clock* clock = nullptr;
  health::HealthTable* health = nullptr;
  // Listening sockets of the process before, by address; owned by the data plane. Those that the first snapshot does not use are closed.
  std::map<std::string, std::vector<int>> inherited = {};
  // May be null. Takes the lines about requests that the agent answered itself or cut, a bounded number per second.
  observe::Log* log = nullptr;
  // May be null: no access log is written.
  access_log::Press* access_log = nullptr;
};

// One listening socket group as it is now.
struct ListenerStatus {
  std::string name;
  std::string address;  // as bound, so port 0 in tests shows the real one
};

struct DataPlaneStatus {
  std::uint64_t generation = 0;  // 0: nothing applied yet
  unsigned workers = 0;
  bool draining = false;
  std::vector<ListenerStatus> listeners;
};

class DataPlane : public config::ConfigSink, public report::ReportSource {
 public:
  static absl::StatusOr<std::unique_ptr<DataPlane>> Start(const DataPlaneOptions& options);

  // Stops accepting, answers what is under way with `Connection: close`, closes idle connections, and calls `done` once when the last
  // connection is gone or `bound` is over (then the rest is cut). Later calls are ignored.
  virtual void Drain(Duration bound, std::function<void()> done) = 0;
  // For a process that has taken over: leaves the sockets (and their queues) to it, and ends what there is bit by bit: each HTTP connection is told at a
  // time of its own in the first half of `bound` (`Connection: close` on its next response, GOAWAY), those that wait for a request are
  // closed in the last quarter, and streams and tunnels have until the end.
  virtual void DrainGradually(Duration bound, std::function<void()> done) = 0;
  // Copies of the listening sockets, by address; `taken` owns them, and runs on the data plane's thread.
  virtual void CopySockets(std::function<void(std::map<std::string, std::vector<int>>)> taken) = 0;
  // Cuts everything and joins the threads. Idempotent; the destructor calls it.
  virtual void Stop() = 0;
  virtual DataPlaneStatus Status() const = 0;
  // What the workers saw since the last time, of backends with something to tell; in-flight is each worker's own, and a worker with nothing new of a
  // backend does not name it. `done` runs exactly once, on any thread.
  virtual void CollectEvidence(std::function<void(std::vector<report::EvidenceRows>)> done) = 0;
  // Keys of session tickets, 80 bytes each, for every worker from now on (agent/tls/ticket_keys.h).
  virtual void SetTicketKeys(const std::vector<std::string_view>& keys) = 0;
};

}  // namespace switchyard::agent::runtime
