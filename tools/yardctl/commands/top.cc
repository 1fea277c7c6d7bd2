#include <fmt/format.h>

#include <array>
#include <string_view>

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

// The worst one; the rest is `explain`'s.
std::string Breakers(const v1::TopRow& row) {
  if (row.breakers().empty()) return "";
  return BreakerText(row.breakers(0)) + (row.breakers_size() > 1 ? fmt::format(" and {} more", row.breakers_size() - 1) : "");
}

std::string HealthOf(const v1::TopRow& row) {
  if (row.healthy() + row.unhealthy() == 0) return "";
  return row.unhealthy() == 0 ? fmt::format("healthy ({})", row.healthy())
                              : fmt::format("unhealthy for {} of {}", row.unhealthy(), row.healthy() + row.unhealthy());
}

// `0`, `812`, `1.5K`, `23.0M`: steps of 1000, as networks count.
std::string Bytes(double rate) {
  constexpr std::array<std::string_view, 5> kUnits = {"", "K", "M", "G", "T"};
  std::size_t unit = 0;
  while (rate >= 1000 && unit + 1 < kUnits.size()) {
    rate /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f}{}", rate, unit == 0 ? 0 : 1, kUnits.at(unit));
}

std::string TopText(const v1::TopResponse& response) {
  Table table({"UPSTREAM", "BACKEND", ">RPS", ">SUCCESS", ">P50 MS", ">P99 MS", ">IN FLIGHT", ">BYTES/S", "HEALTH", "FAILURES", "BREAKERS"});
  for (const v1::TopRow& row : response.rows()) {
    table.Add({row.upstream(), row.backend().empty() ? "(all)" : row.backend(), fmt::format("{:.1f}", row.rate()),
               fmt::format("{:.2f} %", row.success() * 100), fmt::format("{:.2f}", row.p50_ms()), fmt::format("{:.2f}", row.p99_ms()),
               std::to_string(row.in_flight()), Bytes(row.request_rate() + row.response_rate()), HealthOf(row), Failures(row), Breakers(row)});
  }
  const std::string left_out = response.breakers_left_out() > 0 ? fmt::format(", {} breakers left out", response.breakers_left_out()) : "";
  return (table.empty() ? "no traffic\n" : table.Text()) + fmt::format("reports of {} agents{}\n", response.agents(), left_out);
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
