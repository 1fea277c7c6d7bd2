// TicketKeys: the keys by which agents let TLS sessions of clients resume (RFC 5077 section 5.5), made here for the whole fleet.
//
// Three keys at a time: the one that seals now, the one that did before, and the one that will next. So an agent that has not yet heard of
// a change opens tickets of one that has, and the other way round. Changed every 12 hours; tickets live 2 hours (agent/tls).
//
// Kept as one record of the store, sealed, so that a controller that restarts goes on with the same keys; the keys before are overwritten.
// Not part of intent: no generation, no history.
//
// Thread-safety: every method from any thread. Errors: the store's; DATA_LOSS when the record cannot be opened: new keys are made then, which
// costs clients one full handshake.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/seal.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::identity {

inline constexpr Duration kTicketKeyLife = std::chrono::hours(12);

class TicketKeys {
 public:
  // All outlive it. `seal` null: keys live as long as this process.
  TicketKeys(store::Store& store, std::shared_ptr<const tls::Seal> seal, const Clock& clock);

  // The keys of now; made, or changed, if it is time.
  absl::StatusOr<v1::TicketKeys> Current();
  // Until the next change.
  Duration UntilChange() const;

 private:
  absl::Status Load();
  absl::Status Save();
  void Rotate();

  store::Store& store_;
  const std::shared_ptr<const tls::Seal> seal_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  bool loaded_ = false;
  v1::TicketKeys keys_;
  WallTime changed_{};
};

}  // namespace switchyard::controlplane::identity
