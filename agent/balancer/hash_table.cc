#include "agent/balancer/hash_table.h"

#include <algorithm>

namespace switchyard::agent::balancer {

std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return Mix(hash);
}

std::shared_ptr<const HashTable> MakeHashTable(HashScheme scheme, std::span<const HashMember> members) {
  const bool any = std::any_of(members.begin(), members.end(), [](const HashMember& member) { return member.weight > 0; });
  if (!any) return nullptr;
  switch (scheme) {
    case HashScheme::kRing:
      return MakeRing(members);
    case HashScheme::kMaglev:
      return MakeMaglev(members);
    case HashScheme::kRendezvous:
      break;
  }
  return MakeRendezvous(members);
}

}  // namespace switchyard::agent::balancer
