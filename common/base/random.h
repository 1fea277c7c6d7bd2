// Random: fast, seedable pseudo-random numbers (xoshiro256**), and strong random bytes for secrets.
//
// Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2018; seeding by SplitMix64 as they advise.
// Thread-safety: one instance per thread. Cost: a few ns, no allocation. Not for secrets: use `SecureBytes`.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace switchyard {

class Random {
 public:
  // The same seed gives the same sequence on every machine.
  explicit Random(std::uint64_t seed);

  std::uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0. Bias below 2^-32 for bounds below 2^32.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [0, 1).
  double Unit();

 private:
  std::array<std::uint64_t, 4> state_;
};

// `count` bytes from the kernel's generator (getrandom(2)). Aborts the process if the kernel has none: nothing safe could follow.
std::string SecureBytes(std::size_t count);
// Lower-case hex of `SecureBytes(bytes)`: names of instances, token ids.
std::string SecureHex(std::size_t bytes);
// A seed for `Random` that differs from start to start.
std::uint64_t SecureSeed();

}  // namespace switchyard
