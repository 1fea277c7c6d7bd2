// Controller: the composition root. Every part of a controller is made here, once, in the order in which the parts need each other.
//
//   data directory ── store ── authority ── tokens, enrolment, gate ── registry ── publisher ── hub ── services ── server ── metrics port
//
// Start either gives a serving controller or a status that says what is wrong and what to do; nothing is left behind then but files that a
// later start uses. Nothing is global: two controllers (on two directories) can run in one process.
// Stop: agents and watchers are told (UNAVAILABLE, so they come back to the next controller), calls under way get `kStopGrace`.
//
// Files in the data directory: `store/` (see rocksdb_store.h), `identity/` (see authority.h), `admin.credential` (see credential_file.h).
// Thread-safety: Start, Stop and the destructor from one thread; accessors from any. Threads: 2 for calls, 1 each for changes, publishing, timers and
// the metrics port, besides those of gRPC and RocksDB.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/observe/log.h"
#include "controlplane/identity/authority.h"
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
  // Let it be on an address that is not loopback.
  bool metrics_allow_remote = false;
  std::string version = "0";
  identity::AuthorityOptions authority;
  // Make a certificate authority although the store has a past: every agent must enrol again.
  bool new_authority = false;
  Duration report_interval = std::chrono::seconds(1);
};

// What a controller leans on. `clock` and `log` outlive it.
struct ControllerParts {
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  // Null: RocksDB in the data directory. Tests give another.
  std::unique_ptr<store::Store> store;
};

class Controller {
 public:
  // REQUIRES: tls::RequireTls13() was called before.
  static absl::StatusOr<std::unique_ptr<Controller>> Start(const ControllerOptions& options, ControllerParts parts);
  // As Stop.
  virtual ~Controller() = default;

  virtual void Stop() = 0;

  // As bound. `metrics_port` is 0 without one.
  virtual std::uint16_t port() const = 0;
  virtual std::uint16_t metrics_port() const = 0;
  virtual const std::string& credential_path() const = 0;
  // Whether this start made the credential: the operator has not seen it yet.
  virtual bool credential_written() const = 0;
};

}  // namespace switchyard::controlplane
