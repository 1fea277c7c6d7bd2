// Short ways to say transactions in tests.
#pragma once

#include <string>
#include <vector>

#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

inline v1::Resource UpstreamNamed(const std::string& name, const std::string& address) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_upstream()->add_backends()->set_address(address);
  return resource;
}

inline v1::Resource RouteNamed(const std::string& name, const std::string& upstream) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_route()->mutable_forward()->add_upstreams()->set_upstream(upstream);
  return resource;
}

inline v1::ResourceKey KeyNamed(v1::Kind kind, const std::string& name) {
  v1::ResourceKey key;
  key.set_kind(kind);
  key.set_name(name);
  return key;
}

inline Transaction Put(std::vector<v1::Resource> resources) {
  Transaction transaction;
  transaction.upserts = std::move(resources);
  transaction.author = "ann";
  transaction.reason = "a test";
  transaction.time = WallTime(std::chrono::seconds(1'700'000'000));
  return transaction;
}

inline Transaction Drop(std::vector<v1::ResourceKey> keys) {
  Transaction transaction = Put({});
  transaction.deletes = std::move(keys);
  return transaction;
}

}  // namespace switchyard::controlplane::store
