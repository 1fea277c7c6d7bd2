// HashTable: where a key lives. Immutable tables of one group of backends, built once per configuration and shared by all workers.
//
//   Ring        points of each backend on a circle of 2^64, 100 per unit of relative weight (at least 40, at most 400 000 in all): a key
//               belongs to the next point. One backend leaves: only its keys move. Uneven: max/mean about 1.3 with 100 points.
//   Maglev      M slots filled by the backends in turns, each along its own permutation: exact shares, one load per look-up, about 1.5 %
//               of keys move when 1 of 100 leaves. M is the first prime of the list below above 100 n, at least 65 537.
//               Source: D. Eisenbud et al., "Maglev", NSDI 2016, section 3.4.
//   Rendezvous  the backend with the best score -weight / ln(hash(key, backend)) wins: exact shares, only the keys of the leaver move,
//               no table, O(n) per look-up: for groups of up to about a hundred. Source: Thaler, Ravishankar, 1998; weights: Schindelhauer.
//
// A backend is known by its identity (a hash of its address), so that its place in the configuration means nothing.
// Thread-safety: immutable. Cost: Find allocates nothing. Bounds: 5 000 backends; Maglev 4 bytes, ring 12 bytes per slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace switchyard::agent::balancer {

struct HashMember {
  std::uint64_t identity = 0;
  std::uint32_t weight = 1;  // 0: no keys
};

class HashTable {
 public:
  virtual ~HashTable() = default;
  // The member this hash belongs to. REQUIRES: some member has a weight.
  virtual std::size_t Find(std::uint64_t hash) const = 0;
};

enum class HashScheme : std::uint8_t { kRing, kMaglev, kRendezvous };

// Null when no member has a weight.
std::shared_ptr<const HashTable> MakeHashTable(HashScheme scheme, std::span<const HashMember> members);

std::shared_ptr<const HashTable> MakeRing(std::span<const HashMember> members);
std::shared_ptr<const HashTable> MakeMaglev(std::span<const HashMember> members);
std::shared_ptr<const HashTable> MakeRendezvous(std::span<const HashMember> members);

// The same on every machine and in every release: keys stay where they are. Source: FNV-1a, then the finisher of MurmurHash3.
std::uint64_t HashOf(std::string_view text);
// Spreads a number over all bits (SplitMix64).
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

}  // namespace switchyard::agent::balancer
