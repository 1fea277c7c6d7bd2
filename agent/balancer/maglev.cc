#include <algorithm>
#include <array>
#include <vector>

#include "agent/balancer/hash_table.h"

namespace switchyard::agent::balancer {
namespace {

// Primes: every step then visits every slot.
constexpr std::array<std::uint32_t, 4> kSizes = {65'537, 131'071, 262'147, 524'287};
constexpr std::uint32_t kFree = 0xFFFFFFFFU;

class Maglev final : public HashTable {
 public:
  explicit Maglev(std::span<const HashMember> members);
  std::size_t Find(std::uint64_t hash) const override {
    __extension__ using Wide = unsigned __int128;
    return slots_[static_cast<std::size_t>((static_cast<Wide>(hash) * slots_.size()) >> 64U)];
  }

 private:
  std::vector<std::uint32_t> slots_;
};

struct Seeker {
  std::uint32_t member = 0;
  std::uint32_t next = 0;  // slot it will ask for
  std::uint32_t skip = 1;
  double weight = 1;  // relative to the heaviest
  double credit = 0;
};

std::vector<Seeker> SeekersOf(std::span<const HashMember> members, std::uint32_t slots) {
  std::uint32_t heaviest = 1;
  for (const HashMember& member : members) heaviest = std::max(heaviest, member.weight);
  std::vector<Seeker> seekers;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    if (members[i].weight == 0) continue;
    Seeker seeker;
    seeker.member = i;
    seeker.next = static_cast<std::uint32_t>(Mix(members[i].identity) % slots);
    seeker.skip = static_cast<std::uint32_t>(Mix(~members[i].identity) % (slots - 1) + 1);
    seeker.weight = static_cast<double>(members[i].weight) / heaviest;
    seekers.push_back(seeker);
  }
  // By identity, so that the order of the configuration does not matter.
  std::sort(seekers.begin(), seekers.end(),
            [&](const Seeker& a, const Seeker& b) { return members[a.member].identity < members[b.member].identity; });
  return seekers;
}

Maglev::Maglev(std::span<const HashMember> members) {
  std::uint32_t size = kSizes.back();
  for (auto at = kSizes.rbegin(); at != kSizes.rend(); ++at) {
    if (*at > members.size() * 100 || at == kSizes.rbegin()) size = *at;
  }
  slots_.assign(size, kFree);
  std::vector<Seeker> seekers = SeekersOf(members, size);
  std::uint32_t filled = 0;
  while (filled < size) {
    for (Seeker& seeker : seekers) {
      // One turn per round for the heaviest, the others in proportion.
      seeker.credit += seeker.weight;
      if (seeker.credit < 1) continue;
      seeker.credit -= 1;
      while (slots_[seeker.next] != kFree) seeker.next = static_cast<std::uint32_t>((std::uint64_t{seeker.next} + seeker.skip) % size);
      slots_[seeker.next] = seeker.member;
      if (++filled == size) break;
    }
  }
}

}  // namespace

std::shared_ptr<const HashTable> MakeMaglev(std::span<const HashMember> members) { return std::make_shared<const Maglev>(members); }

}  // namespace switchyard::agent::balancer
