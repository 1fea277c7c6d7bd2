#include "agent/balancer/consistent_hash.h"

#include <cmath>

namespace switchyard::agent::balancer {
namespace {
constexpr std::uint64_t kSteps = 16;
}  // namespace

ConsistentHash::ConsistentHash(std::shared_ptr<const HashTable> table, std::span<const HashMember> members, double bound)
    : table_(std::move(table)), bound_(bound) {
  for (const HashMember& member : members) identities_.push_back(member.identity);
}

// A backend with a tilt takes the same part of its keys every time.
bool ConsistentHash::Takes(const View& view, std::size_t at, std::uint64_t key) const {
  const BackendFacts& facts = view.backends[at];
  if (!facts.usable || at == view.avoid) return false;
  if (facts.tilt >= 1) return true;
  return static_cast<double>(Mix(key ^ Mix(identities_[at])) >> 11U) * 0x1.0p-53 < static_cast<double>(facts.tilt);
}

std::size_t ConsistentHash::Pick(const View& view, std::optional<std::uint64_t> key, Random& random) {
  if (!table_) return kNone;
  const std::uint64_t home = key ? *key : random.Next();
  const double per_share = bound_ > 0 && view.all_shares > 0 ? bound_ * (view.all_in_flight + 1.0) / view.all_shares : 0;
  std::size_t lightest = kNone;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    const std::size_t at = table_->Find(step == 0 ? Mix(home) : Mix(home + Mix(step)));
    if (!Takes(view, at, home)) continue;
    const BackendFacts& facts = view.backends[at];
    if (per_share <= 0 || facts.in_flight < std::ceil(per_share * ShareOf(facts))) return at;
    if (lightest == kNone || facts.in_flight * ShareOf(view.backends[lightest]) < view.backends[lightest].in_flight * ShareOf(facts)) {
      lightest = at;
    }
  }
  // Many are full: the first that is not, from a place that is the key's own.
  const std::size_t count = view.backends.size();
  for (std::size_t i = 0; lightest != kNone && i < count; ++i) {
    const std::size_t at = (static_cast<std::size_t>(home % count) + i) % count;
    if (Takes(view, at, home) && view.backends[at].in_flight < std::ceil(per_share * ShareOf(view.backends[at]))) return at;
  }
  return lightest != kNone ? lightest : AnyUsable(view, random);
}

}  // namespace switchyard::agent::balancer
