#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "controlplane/store/catalog.h"
#include "controlplane/validation/validator.h"
#include "tools/yardctl/commands/commands.h"
#include "tools/yardctl/commands/read_input.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {

// The same rules as the controller's, on the files alone: what they refer to and do not hold may be in the fleet, so that is a warning.
ExitCode RunValidate(const ValidateOptions& options, const Context& context, std::istream& standard_input) {
  Input input;
  if (const ExitCode exit_code = ReadInput(options.files, context, standard_input, input); exit_code != ExitCode::kOk) return exit_code;
  controlplane::store::Catalog catalog;
  std::vector<v1::ResourceKey> touched;
  for (const v1::Resource& resource : input.resources()) {
    touched.push_back(config::KeyOf(resource));
    catalog.resources.emplace(std::pair(touched.back().kind(), touched.back().name()), std::make_shared<const v1::Resource>(resource));
  }
  config::ViolationList violations;
  config::ViolationList warnings;
  controlplane::validation::ValidatePart(catalog, touched, context.clock.WallNow(), violations, warnings);
  v1::Violations warned = warnings.ToProto();
  for (v1::Violation& warning : *warned.mutable_violations()) {
    input.Locate(warning);
    context.err << "warning: " << Printable(config::ToString(warning)) << '\n';
  }
  if (warnings.total() > warnings.kept().size()) context.err << fmt::format("warning: ... and {} more\n", warnings.total() - warnings.kept().size());
  const ExitCode exit_code = ShowViolations(violations, input, context);
  if (exit_code == ExitCode::kOk) context.out << fmt::format("{} resources, no mistakes\n", input.resources().size());
  return exit_code;
}

}  // namespace switchyard::tools::yardctl
