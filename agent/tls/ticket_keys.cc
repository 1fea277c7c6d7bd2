#include "agent/tls/ticket_keys.h"

#include <algorithm>
#include <cstring>

#include "common/base/random.h"

namespace switchyard::agent::tls {
namespace {

TicketKey KeyFrom(std::string_view bytes) {
  TicketKey key;
  std::memcpy(key.name.data(), bytes.data(), key.name.size());
  std::memcpy(key.cipher.data(), bytes.data() + key.name.size(), key.cipher.size());
  std::memcpy(key.mac.data(), bytes.data() + key.name.size() + key.cipher.size(), key.mac.size());
  return key;
}

}  // namespace

TicketKeyRing::TicketKeyRing() { Set({SecureBytes(kTicketKeyBytes)}); }

void TicketKeyRing::Set(const std::vector<std::string_view>& keys) {
  const bool whole = std::all_of(keys.begin(), keys.end(), [](std::string_view key) { return key.size() == kTicketKeyBytes; });
  if (keys.empty() || !whole) return;
  auto next = std::make_shared<TicketKeys>();
  for (const std::string_view key : keys) next->push_back(KeyFrom(key));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(next);
}

std::shared_ptr<const TicketKeys> TicketKeyRing::Get() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

}  // namespace switchyard::agent::tls
