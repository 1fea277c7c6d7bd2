// RouteTable: the routes of one listener, ordered so that the first that matches is the right one.
//
// Precedence: see `Route` in route.proto. Look-up asks one hash table by host and path, longest prefix first, so its cost does not grow with
// the number of routes: O(labels of the host * segments of the path, as far as prefixes go that deep), no allocation. Templates and regexes
// of the hosts that fit are tried one by one, in order; a regex first looks at the literal text that it begins with.
//
// Thread-safety: immutable after construction. Bounds: those of the snapshot's validation.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "agent/router/route.h"
#include "agent/router/route_index.h"

namespace switchyard::agent::router {

class RouteTable {
 public:
  explicit RouteTable(std::vector<std::shared_ptr<const Route>> routes);

  struct Match {
    const Route* route = nullptr;  // null: nothing matches
    const MatchRule* rule = nullptr;
  };
  Match Find(const codec::RequestHead& request, std::string_view client_ip = {}) const;

  RouteIndex::Shape shape() const { return index_.shape(); }

 private:
  void Add(const Route& route, HostScope scope, std::string_view host);
  static Match First(std::span<const Candidate> candidates, RoutedRequest& request);
  Match FindIn(HostScope scope, std::string_view host, RoutedRequest& request) const;

  std::vector<std::shared_ptr<const Route>> routes_;
  MatchRule match_all_;
  RouteIndex index_;
};

}  // namespace switchyard::agent::router
