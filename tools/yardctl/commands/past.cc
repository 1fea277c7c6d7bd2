#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/config/resource_key.h"
#include "common/rpc/proto_time.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What both sides share at their ends is left out; the middle is shown as it was and as it is.
std::string ChangedLines(const v1::ResourceDiff& diff) {
  const auto before = LinesOf(diff.before()), after = LinesOf(diff.after());
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  std::string out;
  for (std::size_t i = head; i < before.size() - tail; ++i) out += fmt::format("  - {}\n", Printable(before[i]));
  for (std::size_t i = head; i < after.size() - tail; ++i) out += fmt::format("  + {}\n", Printable(after[i]));
  return out;
}

}  // namespace

ExitCode RunDiff(const DiffOptions& options, const Context& context) {
  v1::DiffRequest request;
  request.set_from(options.from);
  request.set_to(options.to);
  v1::DiffResponse response;
  const grpc::Status status = context.fleet->Diff(NewCall(context).get(), request, &response);
  if (!status.ok()) return Report(context, status);
  if (context.format == Format::kJson || context.format == Format::kYaml) {
    PrintJson(context, response);
    return ExitCode::kOk;
  }
  if (context.format == Format::kTable) context.out << fmt::format("from generation {} to {}: {} differ\n", response.from(), response.to(), response.total());
  for (const v1::ResourceDiff& diff : response.diffs()) {
    context.out << config::ToString(diff.key()) << '\n';
    if (context.format != Format::kTable) continue;
    if (diff.before_unknown()) context.out << "  (how it was before is no longer in the history)\n";
    context.out << ChangedLines(diff);
  }
  return ExitCode::kOk;
}

ExitCode RunRollback(const RollbackOptions& options, const Context& context) {
  v1::RollbackRequest request;
  request.set_generation(options.generation);
  request.set_dry_run(options.change.dry_run);
  request.set_author(options.change.author);
  request.set_reason(options.change.reason);
  if (options.change.expect) request.set_expected_generation(*options.change.expect);
  if (options.change.wait) *request.mutable_wait() = rpc::ToProto(*options.change.wait);
  v1::ApplyResponse response;
  const grpc::Status status = context.fleet->Rollback(NewCall(context, options.change.wait.value_or(Duration(0))).get(), request, &response);
  if (!status.ok()) return ReportChange(context, status, options.change.dry_run, nullptr);
  ShowWarnings(context, response);
  return ShowChange(context, options.change, response);
}

}  // namespace switchyard::tools::yardctl
