#include "agent/balancer/weighted_draw.h"

namespace switchyard::agent::balancer {
namespace {
constexpr int kDraws = 8;
constexpr double kFull = 4294967296.0;  // 2^32
}  // namespace

WeightedDraw::WeightedDraw(std::span<const BackendFacts> backends) : columns_(backends.size()) {
  double sum = 0;
  std::uint32_t heaviest = 0;
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    sum += backends[i].weight;
    even_ = even_ && backends[i].weight == backends[0].weight;
    if (backends[i].weight > backends[heaviest].weight) heaviest = i;
  }
  empty_ = sum <= 0;
  if (empty_) return;
  std::vector<double> height(backends.size());
  std::vector<std::uint32_t> low;
  std::vector<std::uint32_t> high;
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    height[i] = backends[i].weight * static_cast<double>(backends.size()) / sum;
    (height[i] < 1 ? low : high).push_back(i);
  }
  while (!low.empty() && !high.empty()) {
    const std::uint32_t small = low.back();
    const std::uint32_t tall = high.back();
    low.pop_back();
    columns_[small] = {static_cast<std::uint64_t>(height[small] * kFull), tall};
    height[tall] -= 1 - height[small];
    if (height[tall] >= 1) continue;
    high.pop_back();
    low.push_back(tall);
  }
  for (const std::uint32_t i : high) columns_[i] = {static_cast<std::uint64_t>(kFull), i};
  // Rounding may leave some here: full ones, but never one without weight.
  for (const std::uint32_t i : low) columns_[i] = {backends[i].weight > 0 ? static_cast<std::uint64_t>(kFull) : 0, heaviest};
}

std::size_t WeightedDraw::Draw(Random& random) const {
  const std::uint64_t word = random.Next();
  const auto column = static_cast<std::size_t>(((word >> 32U) * columns_.size()) >> 32U);
  return (word & 0xFFFFFFFFU) < columns_[column].threshold ? column : columns_[column].alias;
}

std::size_t WeightedDraw::Try(const View& view, std::size_t other, Random& random) const {
  if (empty_) return kNone;
  for (int i = 0; i < kDraws; ++i) {
    const std::size_t at = Draw(random);
    const BackendFacts& facts = view.backends[at];
    if (!facts.usable || at == view.avoid || at == other) continue;
    if (facts.tilt >= 1 || random.Unit() < static_cast<double>(facts.tilt)) return at;
  }
  return kNone;
}

std::size_t WeightedDraw::One(const View& view, Random& random) const {
  const std::size_t at = Try(view, kNone, random);
  return at != kNone ? at : AnyUsable(view, random);
}

WeightedDraw::Two WeightedDraw::Pair(const View& view, Random& random) const {
  Two two;
  two.first = One(view, random);
  if (two.first == kNone || two.first == view.avoid) return two;
  two.second = Try(view, two.first, random);
  if (two.second != kNone) return two;
  two.second = AnyUsable(view, random, two.first);
  // The one to avoid is no choice while there is another.
  if (two.second == view.avoid) two.second = kNone;
  return two;
}

WeightedDraw::Two WeightedDraw::FairPair(const View& view, Random& random) const {
  Two two;
  two.first = One(view, random);
  if (two.first == kNone || two.first == view.avoid) return two;
  const bool even = even_ && view.backends[two.first].tilt >= 1;
  for (int i = 0; i < kDraws && two.second == kNone; ++i) {
    const std::size_t at = Draw(random);
    const BackendFacts& facts = view.backends[at];
    if (!facts.usable || at == view.avoid || (even && at == two.first)) continue;
    if (facts.tilt < 1 && random.Unit() >= static_cast<double>(facts.tilt)) return two;
    two.second = at;
  }
  return two;
}

}  // namespace switchyard::agent::balancer
