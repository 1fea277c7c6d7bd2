#include "tools/yardctl/commands/read_input.h"

#include <fmt/format.h>

#include "common/base/status.h"
#include "tools/yardctl/violations_text.h"

namespace switchyard::tools::yardctl {

ExitCode ReadInput(const std::vector<std::string>& files, const Context& context, std::istream& standard_input, Input& input) {
  config::ViolationList violations;
  absl::StatusOr<Input> read = Input::Read(files, standard_input, violations);
  if (!read.ok()) {
    context.err << fmt::format("yardctl: {}\n", Message(read.status()));
    return absl::IsResourceExhausted(read.status()) ? ExitCode::kRefused : ExitCode::kLocalFile;
  }
  input = *std::move(read);
  return ShowViolations(violations, input, context);
}

ExitCode ShowViolations(const config::ViolationList& list, const Input& input, const Context& context) {
  v1::Violations violations = list.ToProto();
  if (violations.total() == 0) return ExitCode::kOk;
  for (v1::Violation& violation : *violations.mutable_violations()) input.Locate(violation);
  context.err << ViolationsText(violations) << MistakesText(violations);
  return ExitCode::kRefused;
}

}  // namespace switchyard::tools::yardctl
