#include "controlplane/identity/ticket_keys.h"

#include <algorithm>
#include <utility>

#include "common/base/random.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kSection = "ticket-keys";
constexpr std::string_view kKey = "ring";
constexpr std::size_t kKeyBytes = 80;  // as agent/tls/ticket_keys.h reads them
constexpr int kKeys = 3;               // now, before, next

}  // namespace

TicketKeys::TicketKeys(store::Store& store, std::shared_ptr<const tls::Seal> seal, const Clock& clock)
    : store_(store), seal_(std::move(seal)), clock_(clock) {}

absl::StatusOr<v1::TicketKeys> TicketKeys::Current() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(loaded_, true)) {
    if (absl::Status loaded = Load(); !loaded.ok() && !absl::IsNotFound(loaded) && !absl::IsDataLoss(loaded)) {
      loaded_ = false;
      return loaded;
    }
  }
  const Duration age = clock_.WallNow() - changed_;
  if (keys_.keys_size() == kKeys && age >= Duration::zero() && age < kTicketKeyLife) return keys_;
  Rotate();
  changed_ = clock_.WallNow();
  if (absl::Status saved = Save(); !saved.ok()) return saved;
  return keys_;
}

// What comes next becomes what seals; what sealed is kept to open.
void TicketKeys::Rotate() {
  v1::TicketKeys next;
  const bool whole = keys_.keys_size() == kKeys;
  next.add_keys(whole ? keys_.keys(2) : SecureBytes(kKeyBytes));
  next.add_keys(whole ? keys_.keys(0) : SecureBytes(kKeyBytes));
  next.add_keys(SecureBytes(kKeyBytes));
  keys_ = std::move(next);
}

Duration TicketKeys::UntilChange() const {
  const std::lock_guard lock(mutex_);
  return std::clamp<Duration>(changed_ + kTicketKeyLife - clock_.WallNow(), std::chrono::seconds(1), kTicketKeyLife);
}

absl::Status TicketKeys::Load() {
  if (seal_ == nullptr) return absl::NotFoundError("");
  const auto record = store_.GetRecord(kSection, kKey);
  if (!record.ok()) return record.status();
  const auto plain = seal_->Reveal(record->value, kSection);
  if (!plain.ok()) return plain.status();
  v1::TicketKeys keys;
  if (!keys.ParseFromString(*plain)) return absl::DataLossError("ticket keys cannot be read");
  changed_ = WallTime(std::chrono::seconds(keys.made().seconds()));
  keys.clear_made();
  keys_ = std::move(keys);
  return absl::OkStatus();
}

absl::Status TicketKeys::Save() {
  if (seal_ == nullptr) return absl::OkStatus();
  v1::TicketKeys keys = keys_;
  keys.mutable_made()->set_seconds(std::chrono::duration_cast<std::chrono::seconds>(changed_.time_since_epoch()).count());
  const auto sealed = seal_->Close(keys.SerializeAsString(), kSection);
  if (!sealed.ok()) return sealed.status();
  return store_.PutRecord(kSection, kKey, *sealed, std::nullopt).status();
}

}  // namespace switchyard::controlplane::identity
