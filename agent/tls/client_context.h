// ClientContext: everything that handshakes with the backends of an upstream need. ClientSession: the newest session of one backend.
//
// The backend's chain and name are verified by OpenSSL within the handshake; names and pins of our own right after it, before any byte of a
// request is sent. A resumed session was verified when it was made; so a slot is emptied when the context changes.
//
// Thread-safety: a context is immutable, any thread; a slot belongs to a worker. Errors: INVALID_ARGUMENT; FAILED_PRECONDITION when the
// host has no CAs of its own.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/tls/options.h"

namespace switchyard::agent::tls {

// The CAs that the host trusts, read once and shared: they take a megabyte. Thread-safety: one thread.
class HostCas {
 public:
  struct Store;
  // FAILED_PRECONDITION when there are none.
  absl::StatusOr<std::shared_ptr<const Store>> Get();

 private:
  std::shared_ptr<const Store> store_;
};

class ClientContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Build(const ClientOptions& options, HostCas& host_cas);
  virtual ~ClientContext() = default;
};

// Holds at most one session.
class ClientSession {
 public:
  ClientSession();
  ~ClientSession();
  void Forget();

  struct Held;
  Held& held() { return *held_; }

 private:
  std::unique_ptr<Held> held_;
};

}  // namespace switchyard::agent::tls
