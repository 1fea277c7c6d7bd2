#include <string>

#include <fmt/format.h>

#include "controlplane/validation/resource_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {

void CheckEnvelope(const v1::Resource& resource, FieldChecks& checks) {
  if (const std::string problem = NameProblem(resource.name()); !problem.empty()) checks.Fail("name", problem);
  CheckLabels("labels", resource.labels(), config::kMaxLabels, checks);
}

void CheckLabels(std::string_view field, const google::protobuf::Map<std::string, std::string>& labels, std::size_t most, FieldChecks& checks) {
  if (!checks.Size(field, labels.size(), most)) return;
  for (const auto& [key, value] : labels) {
    if (const std::string problem = LabelKeyProblem(key); !problem.empty()) checks.Fail(fmt::format("{}[{}]", field, key), problem);
    if (const std::string problem = LabelValueProblem(value); !problem.empty()) checks.Fail(fmt::format("{}[{}]", field, key), problem);
  }
}

}  // namespace switchyard::controlplane::validation
