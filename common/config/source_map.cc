#include "common/config/source_map.h"

#include <algorithm>

#include "common/config/resource_key.h"

namespace switchyard::config {
namespace {

// FNV-1a, 64 bits, over the index and the path.
std::uint64_t HashOf(std::size_t resource, std::string_view path) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = (0xcbf29ce484222325U ^ resource) * kPrime;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash ^ (hash >> 32U);
}

// `spec.backends[2].address` -> `spec.backends[2]` -> `spec.backends` -> `spec` -> ``.
std::string_view Parent(std::string_view path) {
  const std::size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

}  // namespace

std::size_t SourceMap::AddResource(SourcePosition position) {
  resources_.push_back(position);
  return resources_.size() - 1;
}

void SourceMap::SetKey(std::size_t resource, const v1::ResourceKey& key) { by_key_.emplace(ToString(key), resource); }

void SourceMap::AddField(std::size_t resource, std::string_view path, SourcePosition position) {
  if (fields_.size() < kMaxPositions) fields_.push_back({HashOf(resource, path), position});
}

void SourceMap::Seal() {
  fields_.shrink_to_fit();
  std::sort(fields_.begin(), fields_.end(), [](const Field& a, const Field& b) { return a.hash < b.hash; });
}

const SourcePosition* SourceMap::FindExact(std::size_t resource, std::string_view path) const {
  const std::uint64_t hash = HashOf(resource, path);
  const auto it = std::lower_bound(fields_.begin(), fields_.end(), hash, [](const Field& f, std::uint64_t h) { return f.hash < h; });
  return it != fields_.end() && it->hash == hash ? &it->position : nullptr;
}

SourcePosition SourceMap::Find(std::size_t resource, std::string_view path) const {
  if (resource >= resources_.size()) return {};
  for (; !path.empty(); path = Parent(path)) {
    if (const SourcePosition* position = FindExact(resource, path)) return *position;
  }
  return resources_[resource];
}

SourcePosition SourceMap::Find(const v1::ResourceKey& key, std::string_view path) const {
  const auto it = by_key_.find(ToString(key));
  return it == by_key_.end() ? SourcePosition{} : Find(it->second, path);
}

}  // namespace switchyard::config
