// Catalog: every resource of the fleet at one generation. An immutable value with shared parts.
//
// Thread-safety: immutable after construction. Cost: look-up O(log n); copying for a change shares the unchanged resources.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::store {

struct Catalog {
  using Key = std::pair<v1::Kind, std::string>;
  std::uint64_t generation = 0;
  // In order of kind, then name.
  std::map<Key, std::shared_ptr<const v1::Resource>, std::less<>> resources;

  // Null when absent.
  const v1::Resource* Find(v1::Kind kind, const std::string& name) const {
    const auto it = resources.find(Key(kind, name));
    return it == resources.end() ? nullptr : it->second.get();
  }
};

}  // namespace switchyard::controlplane::store
