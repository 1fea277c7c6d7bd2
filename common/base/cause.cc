#include "common/base/cause.h"

#include <array>

namespace switchyard {
namespace {

constexpr std::size_t kNumbers = 400;
static_assert(kCauseCount <= 256, "the index below is a byte");

// From the number of a cause, which leaves gaps between the sides, to its place in kCauses.
constexpr std::array<std::uint8_t, kNumbers> MakeIndex() {
  std::array<std::uint8_t, kNumbers> index{};
  for (std::size_t i = 0; i < kCauseCount; ++i) index[static_cast<std::size_t>(kCauses[i].cause)] = static_cast<std::uint8_t>(i);
  return index;
}
constexpr std::array<std::uint8_t, kNumbers> kIndex = MakeIndex();

}  // namespace

std::span<const CauseInfo, kCauseCount> AllCauses() { return kCauses; }

std::size_t CauseIndex(Cause cause) {
  const auto number = static_cast<std::size_t>(cause);
  return number < kNumbers ? kIndex[number] : 0;
}

const CauseInfo& Describe(Cause cause) { return kCauses[CauseIndex(cause)]; }

}  // namespace switchyard
