#include "tools/yardctl/violations_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/config/violation.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {

std::string ViolationsText(const v1::Violations& violations) {
  std::string out;
  for (const v1::Violation& violation : violations.violations()) out += Printable(config::ToString(violation)) + '\n';
  const auto shown = static_cast<std::uint32_t>(violations.violations_size());
  if (violations.total() > shown) out += fmt::format("... and {} more\n", violations.total() - shown);
  return out;
}

std::string MistakesText(const v1::Violations& violations) {
  const auto count = std::max(violations.total(), static_cast<std::uint32_t>(violations.violations_size()));
  return fmt::format("yardctl: {} mistake{} found, nothing was changed\n", count, count == 1 ? "" : "s");
}

}  // namespace switchyard::tools::yardctl
