#include <algorithm>
#include <vector>

#include "agent/balancer/hash_table.h"

namespace switchyard::agent::balancer {
namespace {

constexpr double kPointsPerBackend = 100;
constexpr double kFewestPoints = 40;
constexpr double kMostPoints = 400'000;

// Points in order; beside them an index by the upper bits, so that a look-up is one load and a few comparisons.
class Ring final : public HashTable {
 public:
  explicit Ring(std::span<const HashMember> members);
  std::size_t Find(std::uint64_t hash) const override;

 private:
  std::vector<std::uint64_t> points_;
  std::vector<std::uint32_t> owners_;
  std::vector<std::uint32_t> index_;
  unsigned shift_ = 0;
};

Ring::Ring(std::span<const HashMember> members) {
  double sum = 0;
  std::size_t weighted = 0;
  for (const HashMember& member : members) {
    sum += member.weight;
    weighted += member.weight > 0 ? 1 : 0;
  }
  const double all = std::min(kMostPoints, kPointsPerBackend * static_cast<double>(weighted));
  // More points when the lightest would have too few, as far as the bound allows.
  double scale = all / sum;
  for (const HashMember& member : members) {
    if (member.weight > 0) scale = std::max(scale, std::min(kFewestPoints / member.weight, kMostPoints / sum));
  }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> points;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    if (members[i].weight == 0) continue;
    const auto count = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(members[i].weight * scale));
    for (std::uint64_t point = 0; point < count; ++point) points.emplace_back(Mix(members[i].identity ^ Mix(point)), i);
  }
  std::sort(points.begin(), points.end());
  for (const auto& [at, owner] : points) {
    points_.push_back(at);
    owners_.push_back(owner);
  }
  shift_ = 63;
  while (shift_ > 40 && (std::uint64_t{1} << (64 - shift_)) < points_.size()) --shift_;
  index_.resize((std::size_t{1} << (64 - shift_)) + 1);
  for (std::size_t cell = 0; cell + 1 < index_.size(); ++cell) {
    const auto first = std::lower_bound(points_.begin(), points_.end(), std::uint64_t{cell} << shift_);
    index_[cell] = static_cast<std::uint32_t>(first - points_.begin());
  }
  index_.back() = static_cast<std::uint32_t>(points_.size());
}

std::size_t Ring::Find(std::uint64_t hash) const {
  const std::size_t cell = hash >> shift_;
  const auto begin = points_.begin() + index_[cell];
  const auto end = points_.begin() + index_[cell + 1];
  const auto at = static_cast<std::size_t>(std::lower_bound(begin, end, hash) - points_.begin());
  return owners_[at == points_.size() ? 0 : at];
}

}  // namespace

std::shared_ptr<const HashTable> MakeRing(std::span<const HashMember> members) { return std::make_shared<const Ring>(members); }

}  // namespace switchyard::agent::balancer
