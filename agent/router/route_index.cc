#include "agent/router/route_index.h"

#include <cstring>

namespace switchyard::agent::router {
namespace {

// 64x64 -> 128 bits, folded: one multiplication mixes eight bytes of text into the hash. Source: Wang Yi, wyhash.
std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

constexpr std::uint64_t kOne = 0xA0761D6478BD642FU;
constexpr std::uint64_t kTwo = 0xE7037ED1A0B428DBU;

template <class Word>
std::uint64_t Load(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// One to seven bytes, without a loop; the size is in the hash already.
std::uint64_t LoadFew(const char* at, std::size_t size) {
  if (size >= 4) return Load<std::uint32_t>(at) << 32U | Load<std::uint32_t>(at + size - 4);
  return static_cast<std::uint64_t>(static_cast<unsigned char>(at[0])) << 16U | static_cast<std::uint64_t>(static_cast<unsigned char>(at[size / 2])) << 8U |
         static_cast<unsigned char>(at[size - 1]);
}

std::uint64_t HashText(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = seed ^ text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) hash = Fold(hash ^ Load<std::uint64_t>(at) ^ kOne, kTwo);
  return Fold(hash ^ (left == 0 ? 0 : LoadFew(at, left)) ^ kTwo, kOne);
}

}  // namespace

std::uint64_t RouteIndex::HashOf(const RouteKey& key) {
  const std::uint64_t host = key.host.empty() ? 0 : HashText(kOne, key.host);
  return HashText(host ^ (Place(key.host_scope, key.path_scope) << 56U), key.path);
}

bool RouteIndex::Is(const Entry& entry, const RouteKey& key) {
  if (entry.host_scope != key.host_scope || entry.path_scope != key.path_scope) return false;
  if (entry.host_size != key.host.size() || entry.path_size != key.path.size()) return false;
  const char* text = entry.long_text == nullptr ? entry.text.data() : entry.long_text;
  return std::string_view(text, entry.host_size) == key.host && std::string_view(text + entry.host_size, entry.path_size) == key.path;
}

std::span<const Candidate> RouteIndex::Find(const RouteKey& key) const {
  if (slots_.empty()) return {};
  const std::uint64_t hash = HashOf(key);
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at].entry != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag != tag) continue;
    const Entry& entry = entries_[slots_[at].entry - 1];
    if (!Is(entry, key)) continue;
    return entry.count == 1 ? std::span(&entry.only, 1) : std::span(more_).subspan(entry.first, entry.count);
  }
  return {};
}

// A free slot; the table is never more than half full.
std::uint32_t* RouteIndex::SlotFor(std::uint64_t hash) {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].entry != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at].tag = static_cast<std::uint32_t>(hash >> 32U);
  return &slots_[at].entry;
}

void RouteIndex::Rehash(std::size_t slots) {
  slots_.assign(slots, Slot());
  for (std::size_t i = 0; i < entries_.size(); ++i) *SlotFor(hashes_[i]) = static_cast<std::uint32_t>(i + 1);
}

RouteIndex::Entry& RouteIndex::EntryFor(const RouteKey& key) {
  const std::uint64_t hash = HashOf(key);
  if (!slots_.empty()) {
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    for (std::size_t at = hash & (slots_.size() - 1); slots_[at].entry != 0; at = (at + 1) & (slots_.size() - 1)) {
      Entry& entry = entries_[slots_[at].entry - 1];
      if (slots_[at].tag == tag && Is(entry, key)) return entry;
    }
  }
  Entry& entry = entries_.emplace_back();
  hashes_.push_back(hash);
  entry.host_scope = key.host_scope;
  entry.path_scope = key.path_scope;
  entry.host_size = static_cast<std::uint16_t>(key.host.size());
  entry.path_size = static_cast<std::uint32_t>(key.path.size());
  char* text = entry.text.data();
  if (key.host.size() + key.path.size() > kInlineText) {
    text = long_texts_.emplace_back(new char[key.host.size() + key.path.size()]).get();
    entry.long_text = text;
  }
  std::copy(key.path.begin(), key.path.end(), std::copy(key.host.begin(), key.host.end(), text));
  if (entries_.size() * 2 > slots_.size()) {
    Rehash(std::max<std::size_t>(16, slots_.size() * 2));
  } else {
    *SlotFor(hash) = static_cast<std::uint32_t>(entries_.size());
  }
  return entry;
}

void RouteIndex::Add(const RouteKey& key, const Candidate& candidate) {
  Entry& entry = EntryFor(key);
  ++entry.count;
  pending_.push_back({static_cast<std::uint32_t>(&entry - entries_.data()), candidate});
  ++counts_[Place(key.host_scope, key.path_scope)];
  if (key.path_scope == PathScope::kPrefix) {
    deepest_ = std::max(deepest_, static_cast<std::size_t>(std::count(key.path.begin(), key.path.end(), '/')));
  }
}

RouteIndex::Shape RouteIndex::shape() const {
  Shape out;
  out.keys = entries_.size();
  std::size_t in_a_row = 0;
  // A walk is never longer than the run of taken slots that it is in.
  for (std::size_t i = 0; i < slots_.size() * 2; ++i) {
    in_a_row = slots_[i % slots_.size()].entry == 0 ? 0 : in_a_row + 1;
    out.longest_walk = std::max(out.longest_walk, in_a_row);
  }
  for (const Entry& entry : entries_) out.longest_candidates = std::max<std::size_t>(out.longest_candidates, entry.count);
  return out;
}

void RouteIndex::Seal(bool (*before)(const Candidate& a, const Candidate& b)) {
  std::sort(pending_.begin(), pending_.end(), [&](const Pending& a, const Pending& b) {
    return a.entry != b.entry ? a.entry < b.entry : before(a.candidate, b.candidate);
  });
  for (std::size_t i = 0; i < pending_.size();) {
    Entry& entry = entries_[pending_[i].entry];
    entry.first = static_cast<std::uint32_t>(more_.size());
    entry.only = pending_[i].candidate;
    if (entry.count == 1) {
      ++i;
      continue;
    }
    for (std::uint32_t k = 0; k < entry.count; ++k) more_.push_back(pending_[i++].candidate);
  }
  pending_ = {};
  hashes_ = {};
  entries_.shrink_to_fit();
}

}  // namespace switchyard::agent::router
