// HealthTable: what probes say about each backend, shared between the prober (writer) and the workers (readers).
//
// A snapshot's builder asks the table once per backend and keeps the `BackendHealth`; from then on a worker reads one relaxed atomic per pick.
// The same (upstream, address) always gives the same object while anyone holds it, so health survives a change of configuration: the old
// snapshot holds it until the new one has been built. An entry that nobody holds any more is forgotten; a backend that comes back later
// starts as unknown.
//
// Thread-safety: every method from any thread. Cost: `Get` takes a lock and a look-up (not for the request path); `usable()` is one load.
// Bounds: one entry per held backend; forgotten entries are swept whenever the table has doubled since the last sweep.
// Errors: none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "agent/health/fleet_word.h"

namespace switchyard::agent::tls {
class ClientContext;
}

namespace switchyard::agent::health {

enum class HealthState : std::uint8_t {
  // Not probed, or no probe has ended yet. Takes traffic.
  kUnknown = 0,
  kHealthy = 1,
  kUnhealthy = 2,
};

// The word in logs, metrics and status pages: `unknown`, `healthy`, `unhealthy`.
const char* HealthStateName(HealthState state);

// One backend of one upstream. Written by the prober, read by every worker.
class BackendHealth {
 public:
  // By own probes where there are any, else by those of others; before the first, true unless it has to be found well.
  bool usable() const {
    const HealthState own = state();
    if (own != HealthState::kUnknown) return own == HealthState::kHealthy;
    const FleetHealth others = fleet_.health();
    return others == FleetHealth::kUnknown ? !awaits_.load(std::memory_order_relaxed) : others == FleetHealth::kHealthy;
  }
  HealthState state() const { return state_.load(std::memory_order_relaxed); }
  void Set(HealthState state) { state_.store(state, std::memory_order_relaxed); }
  // Whether it takes no traffic until somebody's probe has found it well; what was found before stands.
  void AwaitProbe(bool awaits) { awaits_.store(awaits, std::memory_order_relaxed); }
  // What the fleet holds of it.
  FleetWord& fleet() { return fleet_; }
  const FleetWord& fleet() const { return fleet_; }

  // TLS that its probes speak; null: plain text. Set by the snapshot's builder.
  void SetTls(std::shared_ptr<const tls::ClientContext> tls) {
    const std::lock_guard lock(mutex_);
    tls_ = std::move(tls);
  }
  std::shared_ptr<const tls::ClientContext> tls() const {
    const std::lock_guard lock(mutex_);
    return tls_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const tls::ClientContext> tls_;
  std::atomic<HealthState> state_{HealthState::kUnknown};
  std::atomic<bool> awaits_{false};
  FleetWord fleet_;
};

class HealthTable {
 public:
  HealthTable() = default;
  HealthTable(const HealthTable&) = delete;
  HealthTable& operator=(const HealthTable&) = delete;

  // The entry of this backend, made when there is none. Never null.
  std::shared_ptr<BackendHealth> Get(const std::string& upstream, const std::string& address);
  // The state of this backend; kUnknown when nobody holds it. For reports and status pages.
  HealthState StateOf(const std::string& upstream, const std::string& address) const;
  // Entries in the table, forgotten ones that were not swept yet included. For tests and metrics.
  std::size_t size() const;

 private:
  static std::string KeyOf(const std::string& upstream, const std::string& address);
  void SweepLocked();

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<BackendHealth>> entries_;
  std::size_t sweep_at_ = 64;
};

}  // namespace switchyard::agent::health
