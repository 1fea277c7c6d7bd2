#include "controlplane/admin/agents_handler.h"

#include "common/rpc/proto_time.h"
#include "controlplane/admin/page.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr std::size_t kDefaultPage = 500;
constexpr std::size_t kMostPage = 5000;
constexpr std::string_view kVerb = "agents";

v1::AgentInfo Describe(const stream::AgentRecord& agent, const feedback::TrafficBoard* board, TimePoint now, std::uint64_t newest) {
  const stream::SessionFacts& facts = agent.facts;
  v1::AgentInfo info;
  info.set_node(facts.node);
  info.set_connected(agent.connected);
  info.set_version(facts.version);
  info.mutable_labels()->insert(facts.labels.begin(), facts.labels.end());
  info.set_zone(facts.zone);
  info.set_applied_generation(facts.served_generation);
  const bool behind = facts.behind_since && (agent.connected || facts.served_generation < newest);
  *info.mutable_config_age() = rpc::ToProto(behind ? now - *facts.behind_since : Duration::zero());
  *info.mutable_certificate_not_after() = rpc::ToProto(facts.certificate_not_after);
  *info.mutable_since() = rpc::ToProto(facts.since);
  info.mutable_quarantined()->Assign(facts.quarantined.begin(), facts.quarantined.end());
  info.set_peer(facts.peer);
  if (const auto gauges = board == nullptr ? std::nullopt : board->Of(facts.node)) {
    info.set_resident_bytes(gauges->resident_bytes);
    info.set_open_connections(gauges->open_connections);
  }
  info.set_instance(facts.instance);
  if (facts.predecessor) *info.mutable_predecessor() = *facts.predecessor;
  if (facts.log_level) *info.mutable_log_level() = *facts.log_level;
  if (facts.last_report) *info.mutable_last_report() = rpc::ToProto(*facts.last_report);
  return info;
}

}  // namespace

absl::StatusOr<v1::AgentsResponse> HandleAgents(const stream::SessionRegistry& registry, const Clock& clock, std::uint64_t newest_generation,
                                                const v1::AgentsRequest& request, const feedback::TrafficBoard* board) {
  std::string after;
  if (!request.page_token().empty()) {
    auto parts = ParsePageToken(kVerb, request.page_token(), 1);
    if (!parts.ok()) return parts.status();
    after = std::move(parts->front());
  }
  const std::size_t size = PageSize(request.page_size(), kDefaultPage, kMostPage);
  const auto agents = registry.List(after, size + 1);
  v1::AgentsResponse response;
  for (std::size_t i = 0; i < agents.size() && i < size; ++i) *response.add_agents() = Describe(agents[i], board, clock.Now(), newest_generation);
  if (agents.size() > size) response.set_next_page_token(MakePageToken(kVerb, {agents[size - 1].facts.node}));
  return response;
}

}  // namespace switchyard::controlplane::admin
