#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/proto_duration.h"
#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string_view HealthWord(v1::Health health) {
  if (health == v1::HEALTH_HEALTHY) return "healthy";
  return health == v1::HEALTH_UNHEALTHY ? "unhealthy" : "-";
}

std::string VerdictText(const v1::BackendExplanation& one) {
  std::string out = fmt::format("verdict    {}", VerdictWord(one.verdict()));
  if (!one.reason().empty()) out += fmt::format(": {}", Printable(one.reason()));
  if (one.has_verdict_age()) out += fmt::format(" (for {})", FormatDuration(config::FromProto(one.verdict_age())));
  if (one.has_verdict_left()) out += fmt::format(", {} left", FormatDuration(config::FromProto(one.verdict_left())));
  out += '\n';
  if (!one.guard().empty()) out += fmt::format("kept in    {}\n", Printable(one.guard()));
  return out;
}

std::string RouteText(const v1::RouteView& view) {
  std::string out = fmt::format("route      {}: {} of {:.1f} attempts fail", Printable(view.route()), Percent(view.error()), view.attempts());
  if (view.usual_error() > 0) out += fmt::format(" ({} at the middle backend)", Percent(view.usual_error()));
  if (view.slow() > 0) out += fmt::format(", {} of answers are slow", Percent(view.slow()));
  if (view.usual_slow() > 0) out += fmt::format(" ({} at the middle backend)", Percent(view.usual_slow()));
  if (view.evidence() > 0) out += fmt::format("; evidence {:.1f}, of the others {:.1f}", view.evidence(), view.evidence_of_rest());
  return out + '\n';
}

std::string Text(const v1::BackendExplanation& one) {
  std::string out = fmt::format("{} in {}\n", one.backend(), one.upstream());
  out += VerdictText(one);
  out += fmt::format("evidence   {:.1f} against it without the agent and the route that say most, {:.1f} with; soft from 4.6, out from 9.2\n", one.evidence(),
                     one.evidence_of_all());
  out += fmt::format("errors     {} of attempts; the middle of its peers {}; {} is called usual, {} bad\n", Percent(one.error()),
                     Percent(one.peers_error()), Percent(one.usual_error()), Percent(one.bad_error()));
  if (one.has_slow_limit()) {
    const std::string own = one.has_nine_in_ten() ? FormatDurationRounded(config::FromProto(one.nine_in_ten())) : "not known";
    out += fmt::format("slowness   {} of answers take longer than {}; it gives nine in ten in {}; evidence {:.1f}\n", Percent(one.slow()),
                       FormatDurationRounded(config::FromProto(one.slow_limit())), own, one.slow_evidence());
  }
  if (one.assigned() > 0) out += fmt::format("subsets    {} agents have it in theirs\n", one.assigned());
  out += fmt::format("agents     {} send attempts, {} saw failures; ejected {} times, next doubled {} times\n", one.agents(), one.witnesses(),
                     one.ejections(), one.backoff());
  out += fmt::format("weight     {} configured, times {:.2f}, share {}\n", one.configured_weight(), one.effective(), Percent(one.share()));
  const std::string busy = one.utilization() < 0 ? "not known how busy" : Percent(one.utilization()) + " busy";
  const std::string able = one.capacity() > 0 ? fmt::format(", able to do {:.0f}/s", one.capacity()) : "";
  out += fmt::format("load       {:.1f}/s completed, {} in flight, {}{}\n", one.completed(), one.in_flight(), busy, able);
  out += fmt::format("probes     {}\n", HealthWord(one.health()));
  for (const v1::BreakerRow& row : one.breakers()) out += fmt::format("breaker    {}\n", BreakerText(row));
  for (const v1::RouteView& view : one.routes()) out += RouteText(view);
  Table table({"AGENT", ">ATTEMPTS", ">ERRORS", "PROBE", ""});
  for (const v1::AgentView& view : one.views()) {
    table.Add({view.node(), fmt::format("{:.1f}", view.attempts()), Percent(view.error()),
               view.prober() ? std::string(HealthWord(view.health())) : "", view.at_fault() ? "at fault itself" : ""});
  }
  return out + (table.empty() ? "" : table.Text());
}

std::string Sparks(const v1::WeightRow& row) {
  std::string out;
  const int step = std::max(1, row.history_size() / 8);
  for (int i = 0; i < row.history_size(); i += step) out += fmt::format("{}{:.2f}", out.empty() ? "" : " ", row.history(i));
  return out;
}

}  // namespace

ExitCode RunExplain(const ExplainOptions& options, const Context& context) {
  v1::ExplainRequest request;
  request.set_backend(options.backend);
  request.set_upstream(options.upstream);
  v1::ExplainResponse response;
  const grpc::Status status = context.fleet->Explain(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  bool first = true;
  for (const v1::BackendExplanation& one : response.backends()) {
    if (context.format == Format::kName) {
      context.out << one.upstream() << '/' << one.backend() << '\n';
    } else {
      context.out << (first ? "" : "\n") << Text(one);
    }
    first = false;
  }
  return ExitCode::kOk;
}

ExitCode RunWeights(const WeightsOptions& options, const Context& context) {
  v1::WeightsRequest request;
  request.set_upstream(options.upstream);
  *request.mutable_window() = rpc::ToProto(options.window);
  v1::WeightsResponse response;
  const grpc::Status status = context.fleet->Weights(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  Table table({"UPSTREAM", "BACKEND", ">CONFIGURED", ">EFFECTIVE", ">SHARE", "VERDICT", ">BUSY", ">RPS", "HELD", "HISTORY"});
  for (const v1::WeightRow& row : response.rows()) {
    if (context.format == Format::kName) {
      context.out << row.upstream() << '/' << row.backend() << '\n';
      continue;
    }
    table.Add({row.upstream(), row.backend(), std::to_string(row.configured()), fmt::format("{:.2f}", row.configured() * row.effective()),
               Percent(row.share()), std::string(VerdictWord(row.verdict())), row.utilization() < 0 ? "-" : Percent(row.utilization()),
               fmt::format("{:.1f}", row.completed()), row.held(), Sparks(row)});
  }
  if (!table.empty()) context.out << table.Text();
  return ExitCode::kOk;
}

ExitCode RunOverride(const OverrideOptions& options, const Context& context) {
  v1::SetOverrideRequest request;
  request.set_backend(options.backend);
  request.set_upstream(options.upstream);
  request.set_override(options.word == "out" ? v1::OVERRIDE_OUT : options.word == "in" ? v1::OVERRIDE_IN : v1::OVERRIDE_NONE);
  *request.mutable_ttl() = rpc::ToProto(options.ttl);
  request.set_reason(options.reason);
  v1::SetOverrideResponse response;
  const grpc::Status status = context.fleet->SetOverride(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  for (const std::string& upstream : response.upstreams()) {
    context.out << fmt::format("{} in {}: ", options.backend, upstream);
    context.out << (options.word == "none" ? "by the evidence\n" : fmt::format("forced {} for {}\n", options.word, FormatDuration(options.ttl)));
  }
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
