#include "tools/yardctl/commands/change.h"

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/violation.h"
#include "common/rpc/proto_time.h"
#include "tools/yardctl/convergence_text.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

template <class Response>
void PrintTable(const Context& context, const ChangeOptions& options, const Response& response) {
  for (const v1::Change& change : response.changes())
    if (change.action() != v1::Change::ACTION_UNCHANGED)
      context.out << fmt::format("{}  {}\n", config::ToString(change.key()), ActionWord(change.action()));
  const std::string summary = ChangeSummary(response.changes());
  if (options.dry_run) context.out << fmt::format("dry run: would be generation {}: {}\n", response.generation(), summary);
  else context.out << fmt::format("generation {}: {}\n", response.generation(), summary);
  if (response.has_convergence()) context.out << ConvergenceText(response.convergence());
}

}  // namespace

void ShowWarnings(const Context& context, const v1::ApplyResponse& response) {
  for (const v1::Violation& warning : response.warnings()) context.err << "warning: " << config::ToString(warning) << '\n';
}

template <class Request>
void SetChangeOptions(const ChangeOptions& options, Request& request) {
  request.set_dry_run(options.dry_run);
  request.set_reason(options.reason);
  request.set_author(options.author);
  if (options.expect) request.set_expected_generation(*options.expect);
  if (options.wait && !options.dry_run) *request.mutable_wait() = rpc::ToProto(*options.wait);
}

template <class Response>
ExitCode ShowChange(const Context& context, const ChangeOptions& options, const Response& response) {
  switch (context.format) {
    case Format::kTable: PrintTable(context, options, response); break;
    case Format::kJson:
    case Format::kYaml: PrintJson(context, response); break;
    case Format::kName:
      for (const v1::Change& change : response.changes()) context.out << config::ToString(change.key()) << '\n';
      break;
  }
  if (!options.wait || options.dry_run || !response.has_convergence()) return ExitCode::kOk;
  if (context.format != Format::kTable && !response.convergence().complete()) context.err << ConvergenceText(response.convergence());
  return ConvergenceExit(response.convergence());
}

template void SetChangeOptions(const ChangeOptions&, v1::ApplyRequest&);
template void SetChangeOptions(const ChangeOptions&, v1::DeleteRequest&);
template ExitCode ShowChange(const Context&, const ChangeOptions&, const v1::ApplyResponse&);
template ExitCode ShowChange(const Context&, const ChangeOptions&, const v1::DeleteResponse&);

}  // namespace switchyard::tools::yardctl
