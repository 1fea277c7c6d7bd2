// RouteTable: the routes of one listener, ordered so that the first that matches is the right one.
//
// Precedence: see `Route` in route.proto. Look-up walks hash tables by host and by path segments, so its cost does not grow with the number
// of routes: O(labels of the host + segments of the path), no allocation. Templates and regexes of the hosts that fit are tried one by
// one, in order; a regex first looks at the literal text that it begins with.
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

  struct Match {
    const Route* route = nullptr;  // null: nothing matches
    const MatchRule* rule = nullptr;
  };
  Match Find(const codec::RequestHead& request, std::string_view client_ip = {}) const;

  // What a look-up walks through, for tests of the structure.
  struct Shape {
    std::size_t hosts = 0;
    std::size_t paths = 0;               // keys of all hosts
    std::size_t longest_candidates = 0;  // routes behind one key
    std::size_t most_patterns = 0;       // templates and regexes of one host
  };
  Shape shape() const;

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
    Candidates patterns;        // templates, then regexes; longer text first
    ByText<Candidates> prefix;  // without trailing slash; "/" is ""
  };

  void Add(HostEntry& entry, const Route& route);
  static void Sort(HostEntry& entry);
  static Match First(const Candidates& candidates, RoutedRequest& request);
  static Match FindIn(const HostEntry& entry, RoutedRequest& request);

  std::vector<std::shared_ptr<const Route>> routes_;
  MatchRule match_all_;
  ByText<HostEntry> exact_hosts_;
  ByText<HostEntry> wildcard_hosts_;  // by suffix with its dot: ".example.com"
  HostEntry any_host_;
};

}  // namespace switchyard::agent::router
