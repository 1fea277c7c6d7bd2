#include "controlplane/admin/info_handler.h"

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

v1::InfoResponse HandleInfo(const ControllerFacts& facts, const store::Store& store, const stream::SessionRegistry& registry) {
  const auto counts = registry.counts();
  v1::InfoResponse response;
  response.set_version(facts.version);
  response.set_instance(facts.instance);
  response.set_trust_domain(facts.trust_domain);
  *response.mutable_started() = rpc::ToProto(facts.started);
  *response.mutable_ca_not_after() = rpc::ToProto(facts.ca_not_after);
  response.set_generation(store.Read()->generation);
  response.set_connected_agents(static_cast<std::uint32_t>(counts.connected));
  response.set_known_agents(static_cast<std::uint32_t>(counts.known));
  return response;
}

}  // namespace switchyard::controlplane::admin
