// ConsistentHash: sends a key to the backend it belongs to, by whichever hash table; with bounded load.
//
// If that backend is unusable, is to be avoided, has had its tilt's share of keys, or carries more than its bound, the key goes to where a
// second hash of it points, then a third, and so on: keys of one lost backend spread over all others. The bound is
// ceil(c * (all in flight + 1) * share / all shares); c = 0 turns it off. A request without a key gets a random one.
// Sources: V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2018; jumps instead of the next on the ring:
// J. Chen, B. Coleman, A. Shrivastava, arXiv 1908.08762.
// Thread-safety: one worker. Cost: the table's per step, at most 16 steps, then
// O(n); sums are the caller's (View).
#pragma once

#include <memory>
#include <vector>

#include "agent/balancer/balancer.h"
#include "agent/balancer/hash_table.h"

namespace switchyard::agent::balancer {

class ConsistentHash final : public Balancer {
 public:
  // `table` may be null: then nothing has a weight. `members`: those the table was made of.
  ConsistentHash(std::shared_ptr<const HashTable> table, std::span<const HashMember> members, double bound);
  std::size_t Pick(const View& view, std::optional<std::uint64_t> key, Random& random) override;

 private:
  bool Takes(const View& view, std::size_t at, std::uint64_t key) const;

  const std::shared_ptr<const HashTable> table_;
  std::vector<std::uint64_t> identities_;
  const double bound_;
};

}  // namespace switchyard::agent::balancer
