#include "controlplane/admin/overview_handler.h"

#include <algorithm>
#include <limits>

#include "common/rpc/proto_time.h"
#include "controlplane/admin/attention.h"

namespace switchyard::controlplane::admin {
namespace {

// Counting verdicts costs next to nothing; the rows of thousands of backends are made only when one of them is told of.
bool AnythingToTell(const fleet::FleetLoop& fleet) {
  const auto verdicts = fleet.Verdicts();
  return verdicts.contains(v1::VERDICT_EJECTED) || verdicts.contains(v1::VERDICT_FORCED_OUT) || verdicts.contains(v1::VERDICT_FORCED_IN);
}

}  // namespace

v1::OverviewResponse HandleOverview(const ControllerFacts& facts, const OverviewSources& sources) {
  const auto moment = sources.recorder->newest();
  const auto catalog = sources.store->Read();
  const auto agents = sources.registry->List("", std::numeric_limits<std::size_t>::max());
  const WallTime wall = sources.clock->WallNow();
  v1::OverviewResponse response;
  *response.mutable_time() = rpc::ToProto(moment->time);
  *response.mutable_fleet() = moment->fleet;
  response.mutable_listeners()->Assign(moment->listeners.begin(), moment->listeners.end());
  response.mutable_upstreams()->Assign(moment->upstreams.begin(), moment->upstreams.end());
  response.set_backends(moment->backends);
  response.set_backends_down(moment->backends_down);
  response.set_generation(catalog->generation);
  response.set_version(facts.version);
  response.set_agents_known(static_cast<std::uint32_t>(agents.size()));
  for (const stream::AgentRecord& agent : agents) {
    if (!agent.connected) continue;
    response.set_agents_connected(response.agents_connected() + 1);
    const bool current = stream::StandingOf(agent.facts, catalog->generation) == stream::Standing::kApplied;
    response.set_agents_current(response.agents_current() + (current ? 1 : 0));
  }
  response.set_history_bytes(sources.recorder->ring().bytes());
  response.set_history_cap_bytes(sources.recorder->ring().cap_bytes());
  AttentionList attention;
  attention.AddUpstreams(*moment);
  if (sources.fleet != nullptr && AnythingToTell(*sources.fleet)) {
    v1::WeightsRequest now;
    now.mutable_window();
    attention.AddVerdicts(sources.fleet->Weights(now));
  }
  attention.AddAgents(agents, catalog->generation, sources.clock->Now(), wall);
  attention.AddCertificates(*catalog, facts.ca_not_after, wall);
  if (sources.found != nullptr) attention.AddKubernetes(sources.found->Status(), sources.found->Watching());
  attention.AddHistory(sources.recorder->failures());
  attention.MoveTo(response);
  return response;
}

}  // namespace switchyard::controlplane::admin
