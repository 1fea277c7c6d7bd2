#include <fmt/format.h>

#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

// Cursor home, and clear to the end: less flicker than clearing first.
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearBelow = "\x1b[J";
constexpr std::string_view kClearAll = "\x1b[2J";

std::string Failures(const v1::TopRow& row) {
  std::string out;
  for (const v1::CauseCount& cause : row.failures()) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", CauseWord(cause.cause()), cause.count());
  }
  return out;
}

std::string HealthOf(const v1::TopRow& row) {
  if (row.healthy() + row.unhealthy() == 0) return "";
  return row.unhealthy() == 0 ? fmt::format("healthy ({})", row.healthy())
                              : fmt::format("unhealthy for {} of {}", row.unhealthy(), row.healthy() + row.unhealthy());
}

std::string TopText(const v1::TopResponse& response) {
  Table table({"UPSTREAM", "BACKEND", ">RPS", ">SUCCESS", ">P50 MS", ">P99 MS", ">IN FLIGHT", "HEALTH", "FAILURES"});
  for (const v1::TopRow& row : response.rows()) {
    table.Add({row.upstream(), row.backend().empty() ? "(all)" : row.backend(), fmt::format("{:.1f}", row.rate()),
               fmt::format("{:.2f} %", row.success() * 100), fmt::format("{:.2f}", row.p50_ms()), fmt::format("{:.2f}", row.p99_ms()),
               std::to_string(row.in_flight()), HealthOf(row), Failures(row)});
  }
  return (table.empty() ? "no traffic\n" : table.Text()) + fmt::format("reports of {} agents\n", response.agents());
}

}  // namespace

ExitCode RunTop(const TopOptions& options, const Context& context, const std::function<bool(Duration)>& wait) {
  v1::TopRequest request;
  request.set_upstream(options.upstream);
  *request.mutable_window() = rpc::ToProto(options.window);
  const bool live = !options.once && context.terminal && context.format == Format::kTable;
  if (live) context.out << kClearAll;
  for (;;) {
    v1::TopResponse response;
    const grpc::Status status = context.fleet->Top(NewCall(context).get(), request, &response);
    if (!status.ok()) return Report(context, status);
    if (context.format == Format::kTable) {
      context.out << (live ? kHome : "") << TopText(response) << (live ? kClearBelow : "") << std::flush;
    } else if (context.format == Format::kName) {
      for (const v1::TopRow& row : response.rows()) context.out << row.upstream() << (row.backend().empty() ? "" : "/") << row.backend() << '\n';
    } else {
      PrintJson(context, response);
    }
    if (!live || !wait(options.interval)) return ExitCode::kOk;
  }
}

}  // namespace switchyard::tools::yardctl
