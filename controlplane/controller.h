// Controller: the composition root. Every part of a controller is made here, once, in the order in which the parts need each other.
//
//   API server of Kubernetes ── watcher ── found backends ── publisher (with what the store has)
//   data directory ── store ── authority ── tokens, enrolment, gate ── registry ── publisher ── hub ── services ── server ── metrics port
//                   └─── history ring ── recorder (from what the hub's reports leave in the feedback room) ── dashboard
//
// Start either gives a serving controller or a status that says what is wrong and what to do; nothing is left behind then but files that a
// later start uses. Nothing is global: two controllers (on two directories) can run in one process.
// Stop: agents and watchers are told (UNAVAILABLE, so they come back to the next controller), calls under way get `kStopGrace`.
//
// Files in the data directory: `store/` (see rocksdb_store.h), `history/` (see history/ring.h),
// `identity/` (see authority.h), `admin.credential` (see credential_file.h), `kubernetes.lists` (see kubernetes/watcher.h).
// Thread-safety: Start, Stop and the destructor from one thread; accessors from any. Threads: 2 for calls, 1 each for changes, publishing, timers,
// the history, the watching of Kubernetes, the metrics port and the dashboard, besides those of gRPC and RocksDB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/dashboard/sessions.h"
#include "controlplane/identity/authority.h"
#include "controlplane/kubernetes/api_server.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane {

inline constexpr Duration kStopGrace = std::chrono::seconds(3);

struct ControllerOptions {
  std::string data_dir;
  // IP:port. Port 0 takes any free one.
  std::string listen = "0.0.0.0:7400";
  // host:port by which this machine's credential reaches the controller. Empty: the listen address, loopback for a wildcard.
  std::string advertise;
  // Loopback IP:port for /metrics, /live and /ready. Empty: none.
  std::string metrics_listen = "127.0.0.1:7402";
  // Whether a metrics port that cannot be opened is an error, or only a warning (nobody asked for it).
  bool metrics_required = false;
  // IP:port of the dashboard (HTTPS). Empty: none.
  std::string dashboard_listen = "127.0.0.1:7403";
  // As metrics_required.
  bool dashboard_required = false;
  // How long somebody stays logged in to it.
  dashboard::SessionLimits sessions;
  // Most bytes that the history of golden signals takes in the data directory.
  std::uint64_t history_bytes = std::uint64_t{256} << 20;
  // Let it be on an address that is not loopback.
  bool metrics_allow_remote = false;
  // Where EndpointSlices are watched. None: upstreams with `discovery.kubernetes` keep what is known of them.
  std::optional<kubernetes::ApiServer> kubernetes;
  std::string version = "0";
  identity::AuthorityOptions authority;
  // Make a certificate authority although the store has a past: every agent must enrol again.
  bool new_authority = false;
  // A backup file to begin with; the data directory must have no store. And the seal.key of the controller that made it; empty: the one there.
  std::string restore;
  std::string restore_seal_key;
  Duration report_interval = std::chrono::seconds(1);
};

// What a controller leans on. `clock` and `log` outlive it.
struct ControllerParts {
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  // Null: RocksDB in the data directory. Tests give another; the history is in memory then.
  std::unique_ptr<store::Store> store;
};

class Controller {
 public:
  // REQUIRES: tls::RequireTls13() was called before.
  static absl::StatusOr<std::unique_ptr<Controller>> Start(const ControllerOptions& options, ControllerParts parts);
  // As Stop.
  virtual ~Controller() = default;

  virtual void Stop() = 0;

  // As bound. `metrics_port` and `dashboard_port` are 0 without one.
  virtual std::uint16_t port() const = 0;
  virtual std::uint16_t metrics_port() const = 0;
  virtual std::uint16_t dashboard_port() const = 0;
  virtual const std::string& credential_path() const = 0;
  // Whether this start made the credential: the operator has not seen it yet.
  virtual bool credential_written() const = 0;
};

}  // namespace switchyard::controlplane
