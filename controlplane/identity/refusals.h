// Why a caller was refused: one closed list, with a counter for each, so that an operator sees strangers at the door.
//
// Thread-safety: counters are atomic, relaxed. Cost: one increment.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard::controlplane::identity {

enum class Refusal : std::uint8_t {
  // At the gate.
  kNoCertificate,
  kOtherAuthority,
  kExpired,
  kNotYetValid,
  kUnfit,
  kWrongRole,
  kUnknownMethod,
  kRevoked,
  // At enrolment and renewal.
  kMalformedToken,
  kUnknownToken,
  kExpiredToken,
  kUsedToken,
  kBadNodeName,
  kBadRequest,
};
inline constexpr std::size_t kRefusalCount = 14;

// The value of the label `reason` in metrics, e.g. `no_certificate`.
std::string_view RefusalName(Refusal refusal);

class RefusalCounters {
 public:
  void Add(Refusal refusal) { counts_[static_cast<std::size_t>(refusal)].fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t Count(Refusal refusal) const { return counts_[static_cast<std::size_t>(refusal)].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kRefusalCount> counts_{};
};

}  // namespace switchyard::controlplane::identity
