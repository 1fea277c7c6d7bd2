// RouteLimiter, ClientLimiter: how many requests of a route, and of one client address, an agent lets through.
//
// One number per limited thing (common/stats/gcra.h), shared by all workers: a relaxed compare-and-swap, no lock, no allocation. The table of
// addresses has a fixed size in buckets of eight; an address that finds its bucket full takes the place of the one that owes least, which
// then starts anew with a whole burst. So strangers in great number make the limit per address softer, never the memory larger; the
// limit of the route bounds them all together. Addresses are hashed with a secret seed, so that nobody can aim at a bucket.
// IPv4 counts by address, IPv6 by /64: that is what one client can move in (RFC 6177).
//
// Thread-safety: any thread. Two workers that take one place at the same instant may let one request more through. Units: nanoseconds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/rules/network.h"
#include "common/stats/gcra.h"

namespace switchyard::agent::policy {

struct Admission {
  bool admitted = true;
  std::int64_t wait = 0;  // when not: until it would be
};

class RouteLimiter {
 public:
  explicit RouteLimiter(const stats::Gcra& rate) : rate_(rate) {}
  Admission Admit(std::int64_t now);

 private:
  const stats::Gcra rate_;
  alignas(64) std::atomic<std::int64_t> due_{0};
};

class ClientLimiter {
 public:
  static constexpr std::size_t kWays = 8;

  // `clients` is rounded up to a power of two, at least kWays.
  ClientLimiter(const stats::Gcra& rate, std::size_t clients, std::uint64_t seed);
  Admission Admit(const rules::IpAddress& client, std::int64_t now);
  std::size_t capacity() const { return (mask_ + 1) * kWays; }

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};  // 0: free
    std::atomic<std::int64_t> due{0};
  };
  std::uint64_t KeyOf(const rules::IpAddress& client) const;

  const stats::Gcra rate_;
  const std::uint64_t seed_;
  const std::size_t mask_;  // of buckets
  const std::unique_ptr<Slot[]> slots_;
};

// For `Retry-After`: whole seconds, rounded up, at least one.
std::uint64_t RetryAfterSeconds(std::int64_t wait);

}  // namespace switchyard::agent::policy
