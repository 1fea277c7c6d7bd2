#include "agent/policy/rate_limit.h"

#include <algorithm>
#include <bit>

namespace switchyard::agent::policy {
namespace {

// Lost races in a row before a request is refused: more of them would mean that the limit is far exceeded anyway.
constexpr int kMaxRaces = 64;

Admission Take(std::atomic<std::int64_t>& due, const stats::Gcra& rate, std::int64_t now) {
  std::int64_t seen = due.load(std::memory_order_relaxed);
  for (int race = 0; race < kMaxRaces; ++race) {
    const stats::Gcra::Decision decision = rate.Decide(seen, now);
    if (!decision.admitted) return {false, decision.wait};
    if (due.compare_exchange_weak(seen, decision.next, std::memory_order_relaxed)) return {};
  }
  return {false, rate.interval};
}

// The finalizer of MurmurHash3, which spreads every bit over all others.
std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ x >> 33U) * 0xff51afd7ed558ccdULL;
  x = (x ^ x >> 33U) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33U;
}

}  // namespace

Admission RouteLimiter::Admit(std::int64_t now) { return Take(due_, rate_, now); }

ClientLimiter::ClientLimiter(const stats::Gcra& rate, std::size_t clients, std::uint64_t seed)
    : rate_(rate), seed_(seed), mask_(std::bit_ceil(std::max(clients, kWays)) / kWays - 1), slots_(new Slot[capacity()]) {}

std::uint64_t ClientLimiter::KeyOf(const rules::IpAddress& client) const {
  const std::uint64_t identity = client.is_v4() ? client.low : client.high;
  const std::uint64_t key = Mix(Mix(identity ^ seed_) + seed_);
  return key == 0 ? 1 : key;
}

Admission ClientLimiter::Admit(const rules::IpAddress& client, std::int64_t now) {
  const std::uint64_t key = KeyOf(client);
  Slot* const bucket = &slots_[(key >> 32U & mask_) * kWays];
  Slot* least = bucket;
  for (Slot* slot = bucket; slot < bucket + kWays; ++slot) {
    const std::uint64_t held = slot->key.load(std::memory_order_relaxed);
    if (held == key) return Take(slot->due, rate_, now);
    if (least->key.load(std::memory_order_relaxed) == 0) continue;
    if (held == 0 || slot->due.load(std::memory_order_relaxed) < least->due.load(std::memory_order_relaxed)) least = slot;
  }
  least->due.store(now + rate_.interval, std::memory_order_relaxed);
  least->key.store(key, std::memory_order_relaxed);
  return {};
}

std::uint64_t RetryAfterSeconds(std::int64_t wait) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, wait / kSecond + (wait % kSecond != 0 ? 1 : 0)));
}

}  // namespace switchyard::agent::policy
