// RouteTable: the routes of one listener, ordered so that the first that matches is the right one.
//
// Precedence (see route.proto): host exact, then wildcard with more labels, then any; path exact, then longer prefix; methods named; more
// header conditions; route name; position. Look-up walks hash tables by host and by path segments, so its cost does not grow with the
// number of routes: O(labels of the host + segments of the path), no allocation.
//
// Thread-safety: immutable after construction. Bounds: those of the snapshot's validation.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/codec/head.h"
#include "agent/router/route.h"

namespace switchyard::agent::router {

class RouteTable {
 public:
  explicit RouteTable(std::vector<std::shared_ptr<const Route>> routes);

  // Null: nothing matches.
  const Route* Find(const codec::RequestHead& request) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  struct Candidate {
    const Route* route = nullptr;
    const MatchRule* rule = nullptr;
    std::size_t position = 0;
  };
  using Candidates = std::vector<Candidate>;
  struct HostEntry {
    ByText<Candidates> exact;
    ByText<Candidates> prefix;  // without trailing slash; "/" is ""
  };

  void Add(HostEntry& entry, const Route& route);
  static void Sort(HostEntry& entry);
  static const Route* FindIn(const HostEntry& entry, const codec::RequestHead& request);

  std::vector<std::shared_ptr<const Route>> routes_;
  MatchRule match_all_;
  ByText<HostEntry> exact_hosts_;
  ByText<HostEntry> wildcard_hosts_;  // by suffix with its dot: ".example.com"
  HostEntry any_host_;
};

}  // namespace switchyard::agent::router
