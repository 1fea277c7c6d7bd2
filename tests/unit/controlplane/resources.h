// Small resources for tests: a listener, a route and an upstream that are valid together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane {

inline v1::Resource MakeListener(const std::string& name, std::uint32_t port, const std::map<std::string, std::string>& match = {}) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_listener()->set_port(port);
  resource.mutable_listener()->mutable_agents()->mutable_match_labels()->insert(match.begin(), match.end());
  return resource;
}

inline v1::Resource MakeUpstream(const std::string& name, const std::string& address = "10.0.0.1:80") {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_upstream()->add_backends()->set_address(address);
  return resource;
}

inline v1::Resource MakeRoute(const std::string& name, const std::string& listener, const std::string& upstream) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_route()->add_listeners(listener);
  resource.mutable_route()->mutable_forward()->add_upstreams()->set_upstream(upstream);
  return resource;
}

inline std::vector<v1::Resource> MakeSite(const std::string& address = "10.0.0.1:80") {
  return {MakeListener("web", 8080), MakeRoute("all", "web", "app"), MakeUpstream("app", address)};
}

inline v1::ResourceKey MakeKey(v1::Kind kind, const std::string& name) {
  v1::ResourceKey key;
  key.set_kind(kind);
  key.set_name(name);
  return key;
}

}  // namespace switchyard::controlplane
