#include "agent/balancer/turn_order.h"

#include <limits>
#include <utility>

namespace switchyard::agent::balancer {
namespace {
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / 1.618...
constexpr double kCircle = 18446744073709551616.0;     // 2^64
constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

// Which of `parts` equal parts of the circle holds a point.
std::size_t PartOf(std::uint64_t point, std::size_t parts) { return static_cast<std::size_t>(((point >> 32U) * parts) >> 32U); }
}  // namespace

TurnOrder::TurnOrder(std::span<const BackendFacts> backends, Random& random) : point_(random.Next()) {
  double all = 0;
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight == 0) continue;
    slots_.push_back({0, i});
    all += backends[i].weight;
    std::swap(slots_.back().backend, slots_[random.Below(slots_.size())].backend);
  }
  double end = 0;
  for (Slot& slot : slots_) {
    end += backends[slot.backend].weight / all;
    slot.last = end < 1 ? static_cast<std::uint64_t>(end * kCircle) : kLast;
  }
  if (!slots_.empty()) slots_.back().last = kLast;
  guide_.reserve(slots_.size());
  std::uint32_t slot = 0;
  for (std::size_t part = 0; part < slots_.size(); ++part) {
    const double begin = static_cast<double>(part) / static_cast<double>(slots_.size()) * kCircle;
    while (slot + 1 < slots_.size() && static_cast<double>(slots_[slot].last) < begin) ++slot;
    guide_.push_back(slot);
  }
}

std::size_t TurnOrder::Next() {
  point_ += kGolden;
  std::size_t slot = guide_[PartOf(point_, guide_.size())];
  while (slots_[slot].last < point_) ++slot;
  return slots_[slot].backend;
}

}  // namespace switchyard::agent::balancer
