// RouteIndex: from host and path to the routes that have them, in one flat table for all hosts of a listener.
//
// A key is a scope (this host, hosts below this suffix, any host), a kind (exact path, prefix, patterns) and the two texts. Slots hold
// the hash and a number, eight bytes, probed in a line; what they point to is one entry of two cache lines that holds the texts (longer
// ones elsewhere) and the first candidate. So a look-up for a random one of 100,000 routes waits for memory twice, one after the other, and
// a prefix that nobody has costs one slot, whose load the processor overlaps with the next one's.
//
// Thread-safety: immutable after Seal. Cost: O(1) per Find, no allocation. Bounds: those of the snapshot's validation; 2^32 keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/router/route.h"

namespace switchyard::agent::router {

enum class HostScope : std::uint8_t { kExact, kSuffix, kAny };
enum class PathScope : std::uint8_t { kExact, kPatterns, kPrefix };

struct RouteKey {
  HostScope host_scope = HostScope::kAny;
  PathScope path_scope = PathScope::kPrefix;
  std::string_view host;  // lower-case; a suffix with its dot
  std::string_view path;  // a prefix without its last slash; "/" is ""
};

// One match rule of one route.
struct Candidate {
  const Route* route = nullptr;
  const MatchRule* rule = nullptr;
  std::uint32_t position = 0;  // of the rule in its route
  bool plain = false;          // asks for nothing but its path
};

class RouteIndex {
 public:
  void Add(const RouteKey& key, const Candidate& candidate);
  // After the last Add. `before` orders the candidates of one key.
  void Seal(bool (*before)(const Candidate& a, const Candidate& b));

  // In order; empty when nobody has the key.
  std::span<const Candidate> Find(const RouteKey& key) const;

  bool Has(HostScope host, PathScope path) const { return counts_[Place(host, path)] > 0; }
  bool Has(HostScope host) const {
    return Has(host, PathScope::kExact) || Has(host, PathScope::kPatterns) || Has(host, PathScope::kPrefix);
  }
  // What look-ups walk through, for tests of the structure.
  struct Shape {
    std::size_t keys = 0;
    std::size_t longest_walk = 0;        // slots looked at for a key that is there
    std::size_t longest_candidates = 0;  // behind one key
  };
  Shape shape() const;
  // Most slashes in a prefix.
  std::size_t deepest() const { return deepest_; }

 private:
  static constexpr std::size_t kInlineText = 72;
  struct alignas(64) Entry {
    std::array<char, kInlineText> text{};  // host and path
    const char* long_text = nullptr;       // instead, when they do not fit
    std::uint16_t host_size = 0;
    HostScope host_scope = HostScope::kAny;
    PathScope path_scope = PathScope::kPrefix;
    std::uint32_t path_size = 0;
    std::uint32_t count = 0;  // of candidates; one is `only`, more stand in more_ from `first`
    std::uint32_t first = 0;
    Candidate only;
  };
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t entry = 0;  // + 1; 0: free
  };

  static std::size_t Place(HostScope host, PathScope path) { return static_cast<std::size_t>(host) * 3 + static_cast<std::size_t>(path); }
  static std::uint64_t HashOf(const RouteKey& key);
  static bool Is(const Entry& entry, const RouteKey& key);
  std::uint32_t* SlotFor(std::uint64_t hash);
  Entry& EntryFor(const RouteKey& key);
  void Rehash(std::size_t slots);

  struct Pending {
    std::uint32_t entry = 0;
    Candidate candidate;
  };
  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  std::vector<std::uint64_t> hashes_;  // of the entries, while building
  std::vector<Pending> pending_;       // the same
  std::vector<Candidate> more_;
  std::vector<std::unique_ptr<char[]>> long_texts_;
  std::array<std::uint32_t, 9> counts_{};
  std::size_t deepest_ = 0;
};

}  // namespace switchyard::agent::router
