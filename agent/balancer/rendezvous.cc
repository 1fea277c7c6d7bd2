#include <cmath>
#include <vector>

#include "agent/balancer/hash_table.h"

namespace switchyard::agent::balancer {
namespace {

class Rendezvous final : public HashTable {
 public:
  explicit Rendezvous(std::span<const HashMember> members) : members_(members.begin(), members.end()) {}
  std::size_t Find(std::uint64_t hash) const override;

 private:
  const std::vector<HashMember> members_;
};

std::size_t Rendezvous::Find(std::uint64_t hash) const {
  std::size_t best = 0;
  double best_score = -1;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].weight == 0) continue;
    // In (0, 1): the logarithm is negative and finite.
    const double unit = (static_cast<double>(Mix(hash ^ members_[i].identity) >> 11U) + 0.5) * 0x1.0p-53;
    const double score = members_[i].weight / -std::log(unit);
    if (score <= best_score) continue;
    best_score = score;
    best = i;
  }
  return best;
}

}  // namespace

std::shared_ptr<const HashTable> MakeRendezvous(std::span<const HashMember> members) {
  return std::make_shared<const Rendezvous>(members);
}

}  // namespace switchyard::agent::balancer
