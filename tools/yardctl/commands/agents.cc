#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

grpc::Status ReadAll(const Context& context, v1::AgentsResponse& found) {
  v1::AgentsRequest request;
  for (;;) {
    v1::AgentsResponse page;
    const grpc::Status status = context.fleet->Agents(NewCall(context).get(), request, &page);
    if (!status.ok()) return status;
    found.mutable_agents()->MergeFrom(page.agents());
    if (page.next_page_token().empty()) return grpc::Status::OK;
    if (page.next_page_token() == request.page_token()) return {grpc::StatusCode::INTERNAL, "the controller repeats a page"};
    request.set_page_token(page.next_page_token());
  }
}

std::string StateOf(const v1::AgentInfo& agent) {
  std::string state = agent.connected() ? "connected" : "disconnected";
  if (!agent.quarantined().empty()) state += fmt::format(", {} quarantined", agent.quarantined_size());
  return state;
}

// The process before, while an upgrade is under way.
std::string StateOf(const v1::Predecessor& before) {
  return fmt::format("draining, {} connections, at most {}", before.open_connections(), FormatDuration(rpc::ToDuration(before.ends_within())));
}

std::string AgeOf(const v1::AgentInfo& agent) {
  const Duration age = rpc::ToDuration(agent.config_age());
  return age.count() == 0 ? "up to date" : FormatDurationRounded(age) + " behind";
}

}  // namespace

ExitCode RunAgents(const Context& context) {
  v1::AgentsResponse found;
  const grpc::Status status = ReadAll(context, found);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, found);
    return ExitCode::kOk;
  }
  const WallTime now = context.clock.WallNow();
  Table table({"NODE", "STATE", "VERSION", ">GENERATION", "CONFIG", "CERTIFICATE ENDS", "SINCE", "ZONE", "LABELS"});
  for (const v1::AgentInfo& agent : found.agents()) {
    if (context.format == Format::kName) {
      context.out << agent.node() << '\n';
      continue;
    }
    table.Add({agent.node(), StateOf(agent), agent.version(), std::to_string(agent.applied_generation()), AgeOf(agent),
               RelativeTime(agent.certificate_not_after(), now), RelativeTime(agent.since(), now), agent.zone(), Labels(agent.labels())});
    if (agent.has_predecessor()) table.Add({"  before", StateOf(agent.predecessor()), agent.predecessor().version(), "", "", "", "", "", ""});
  }
  if (context.format == Format::kTable && !table.empty()) context.out << table.Text();
  if (found.agents().empty()) context.err << "no agents; `yardctl token create` makes a token for one to join with\n";
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
