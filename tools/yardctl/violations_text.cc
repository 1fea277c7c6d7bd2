#include "tools/yardctl/violations_text.h"

#include <fmt/format.h>

#include "common/config/resource_key.h"

namespace switchyard::tools::yardctl {

std::string ViolationText(const v1::Violation& violation) {
  std::string out;
  if (!violation.file().empty()) {
    out += violation.file();
    if (violation.line() > 0) out += fmt::format(":{}", violation.line());
    if (violation.line() > 0 && violation.column() > 0) out += fmt::format(":{}", violation.column());
    out += ": ";
  }
  if (violation.has_resource() && violation.resource().kind() != v1::KIND_UNSPECIFIED) out += config::ToString(violation.resource()) + ": ";
  if (!violation.field().empty()) out += violation.field() + ": ";
  return out + violation.reason();
}

std::string ViolationsText(const v1::Violations& violations) {
  std::string out;
  for (const v1::Violation& violation : violations.violations()) out += ViolationText(violation) + '\n';
  const auto shown = static_cast<std::uint32_t>(violations.violations_size());
  if (violations.total() > shown) out += fmt::format("... and {} more\n", violations.total() - shown);
  return out;
}

}  // namespace switchyard::tools::yardctl
