// SniTable: which route a connection takes whose bytes are passed on unread: all of a TCP listener, or by the server name of its hello.
//
// Precedence: exact name, then `*.suffix` with more labels, then a route without names (also for a client that names no server). Among equals
// the route name, alphabetically. `*.example.com` covers one or more labels below example.com, not itself.
//
// Thread-safety: immutable after construction. Cost of Find: O(labels of the name) look-ups, no allocation.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/router/route.h"

namespace switchyard::agent::router {

class SniTable {
 public:
  // In order of name, as a snapshot has them.
  explicit SniTable(std::vector<std::shared_ptr<const Route>> routes);

  // `name` is lower case; empty: none. Null: nothing matches.
  const Route* Find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using ByName = std::unordered_map<std::string, const Route*, Hash, std::equal_to<>>;

  void Add(const Route& route, std::string_view name);

  std::vector<std::shared_ptr<const Route>> routes_;
  ByName exact_;
  ByName suffix_;  // with its dot: ".example.com"
  const Route* any_ = nullptr;
};

}  // namespace switchyard::agent::router
