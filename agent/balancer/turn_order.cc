#include "agent/balancer/turn_order.h"

#include <algorithm>
#include <limits>

#include <utility>

namespace switchyard::agent::balancer {
namespace {
// Of a place, per round of all: what stands side by side changes slowly.
constexpr double kDrift = 0.02;
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
  const auto as_first = [&](const Slot& slot) { return backends[slot.backend].weight == backends[slots_[0].backend].weight; };
  const bool even = std::all_of(slots_.begin(), slots_.end(), as_first);
  const auto parts = static_cast<double>(std::max<std::size_t>(slots_.size(), 2));
  if (even) step_ = static_cast<std::uint64_t>((1 + kDrift / parts) / parts * kCircle);
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
  point_ += step_;
  std::size_t slot = guide_[PartOf(point_, guide_.size())];
  while (slots_[slot].last < point_) ++slot;
  return slots_[slot].backend;
}

}  // namespace switchyard::agent::balancer
