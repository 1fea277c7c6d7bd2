#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

std::string_view SeverityWord(v1::Attention::Severity severity) {
  switch (severity) {
    case v1::Attention::SEVERITY_CRITICAL:
      return "CRITICAL";
    case v1::Attention::SEVERITY_WARNING:
      return "WARNING";
    default:
      return "notice";
  }
}

void AddFlow(Table& table, std::string_view kind, const v1::FlowRow& row) {
  const double share = row.rate() > 0 ? row.errors() / row.rate() : 0;
  table.Add({std::string(kind), row.name(), fmt::format("{:.1f}", row.rate()), fmt::format("{:.2f} %", share * 100), fmt::format("{:.2f}", row.p50_ms()),
             fmt::format("{:.2f}", row.p99_ms()), kind == "upstream" ? std::to_string(row.backends()) : ""});
}

std::string OverviewText(const v1::OverviewResponse& response) {
  std::string text = fmt::format("generation {} on {} of {} connected agents ({} known); {} backends, {} unhealthy\n", response.generation(),
                                 response.agents_current(), response.agents_connected(), response.agents_known(), response.backends(),
                                 response.backends_down());
  for (const v1::Attention& item : response.attention()) {
    text += fmt::format("{:8}  {}: {}{}{}\n", SeverityWord(item.severity()), Printable(item.subject()), Printable(item.what()),
                        item.remedy().empty() ? "" : " - ", Printable(item.remedy()));
  }
  Table table({"KIND", "NAME", ">RPS", ">ERRORS", ">P50 MS", ">P99 MS", ">BACKENDS"});
  AddFlow(table, "fleet", response.fleet());
  for (const v1::FlowRow& row : response.listeners()) AddFlow(table, "listener", row);
  for (const v1::FlowRow& row : response.upstreams()) AddFlow(table, "upstream", row);
  return text + table.Text();
}

}  // namespace

ExitCode RunOverview(const Context& context) {
  v1::OverviewResponse response;
  const grpc::Status status = context.fleet->Overview(NewCall(context).get(), v1::OverviewRequest(), &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kTable || context.format == Format::kName) {
    context.out << OverviewText(response);
  } else {
    PrintJson(context, response);
  }
  return ExitCode::kOk;
}

ExitCode RunSeries(const SeriesOptions& options, const Context& context) {
  v1::SeriesRequest request;
  request.set_of(options.of);
  *request.mutable_last() = rpc::ToProto(options.last);
  request.set_max_points(options.points);
  request.set_backends(options.backends);
  v1::SeriesResponse response;
  const grpc::Status status = context.fleet->Series(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  Table table({"OF", "TIME", ">RPS", ">ERRORS/S", ">P50 MS", ">P99 MS", ">IN FLIGHT", ">BYTES/S"});
  for (const v1::Series& series : response.series()) {
    for (int i = 0; i < series.time_size(); ++i) {
      google::protobuf::Timestamp time;
      time.set_seconds(series.time(i));
      table.Add({series.of(), CivilTime(time), fmt::format("{:.1f}", series.rate(i)), fmt::format("{:.1f}", series.errors(i)),
                 fmt::format("{:.2f}", series.p50_ms(i)), fmt::format("{:.2f}", series.p99_ms(i)), std::to_string(series.in_flight(i)),
                 fmt::format("{:.0f}", series.bytes(i))});
    }
  }
  context.out << (table.empty() ? "no points in this time\n" : table.Text());
  return ExitCode::kOk;
}

}  // namespace switchyard::tools::yardctl
