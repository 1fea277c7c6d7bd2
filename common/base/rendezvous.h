// Rendezvous: how well two names suit each other, the same wherever it is computed: 64 bits, evenly spread, from FNV-1a and SplitMix64.
//
// Controller and agents choose by it (subsets of backends, probers), so that they come to the same choice without a word. Not for secrets: anyone can make
// names that collide. Never changed: a fleet of two versions would choose differently.
// Pure. Cost: linear in the name.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard {

inline std::uint64_t SpreadBits(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31U);
}

inline std::uint64_t NameHash(std::string_view name, std::uint64_t seed = 0) {
  std::uint64_t hash = 0xCBF29CE484222325ULL ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return SpreadBits(hash);
}

// Of two names by their hashes; the higher the better.
inline std::uint64_t Affinity(std::uint64_t one, std::uint64_t other) { return SpreadBits(one ^ (other * 0x9E3779B97F4A7C15ULL)); }

}  // namespace switchyard
