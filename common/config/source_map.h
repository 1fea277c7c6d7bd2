// SourceMap: where each field of each resource stands in the text that it was read from.
//
// A field is asked for by resource (key) and path, as in a Violation: `spec.backends[2].address`. A field that is absent in the text is given
// the place of the nearest thing around it: its element, its message, at last the resource.
// Map entries are `labels[team]`.
//
// Thread-safety: immutable after `Seal`. Bounds: positions are kept for the first kMaxPositions fields; beyond, the nearest parent answers.
// Cost: 16 bytes per field; a look-up is one binary search per path element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

// From 1; 0: not known.
struct SourcePosition {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

class SourceMap {
 public:
  static constexpr std::size_t kMaxPositions = 4'000'000;

  SourceMap() = default;
  explicit SourceMap(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }

  // Starts the next resource; returns its index, from 0.
  std::size_t AddResource(SourcePosition position);
  // Makes the resource findable by key. The first of several equal keys is found.
  void SetKey(std::size_t resource, const v1::ResourceKey& key);
  void AddField(std::size_t resource, std::string_view path, SourcePosition position);
  // Ends adding. Look-ups of fields answer only afterwards.
  void Seal();

  // All zero when the index or the key is unknown.
  SourcePosition Find(std::size_t resource, std::string_view path) const;
  SourcePosition Find(const v1::ResourceKey& key, std::string_view path) const;

 private:
  struct Field {
    std::uint64_t hash;
    SourcePosition position;
  };
  const SourcePosition* FindExact(std::size_t resource, std::string_view path) const;

  std::string file_;
  std::vector<SourcePosition> resources_;
  std::unordered_map<std::string, std::size_t> by_key_;
  // By a 64-bit hash of resource and path, sorted by `Seal`. A collision would misplace one message by some lines; among 4 million fields its
  // chance is 2^-21.
  std::vector<Field> fields_;
};

}  // namespace switchyard::config
