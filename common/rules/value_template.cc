#include "common/rules/value_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace switchyard::rules {
namespace {

using Use = ValueTemplate::Use;

struct Word {
  std::string_view name;
  Variable variable;
  bool in_pages;
};

constexpr Word kWords[] = {{"client_ip", Variable::kClientIp, false}, {"request_id", Variable::kRequestId, true},
                           {"method", Variable::kMethod, false},      {"scheme", Variable::kScheme, false},
                           {"host", Variable::kHost, false},          {"authority", Variable::kAuthority, false},
                           {"path", Variable::kPath, false},          {"query", Variable::kQuery, false},
                           {"protocol", Variable::kProtocol, false},  {"listener", Variable::kListener, false},
                           {"route", Variable::kRoute, false},        {"upstream", Variable::kUpstream, false},
                           {"backend", Variable::kBackend, false},    {"status", Variable::kStatus, true},
                           {"cause", Variable::kCause, true}};

std::string Choices(Use use) {
  std::string out;
  for (const Word& word : kWords) {
    if (use == Use::kHeader || word.in_pages) out += fmt::format("{}%{}%", out.empty() ? "" : ", ", word.name);
  }
  return out;
}

Variable Find(std::string_view name, Use use) {
  const auto* const at = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& word) { return word.name == name; });
  return at == std::end(kWords) || (use == Use::kPage && !at->in_pages) ? Variable::kNone : at->variable;
}

}  // namespace

void ValueTemplate::AddLiteral(std::string_view text) {
  if (text.empty()) return;
  if (parts_.empty() || parts_.back().variable != Variable::kNone) parts_.emplace_back();
  parts_.back().text += text;
}

absl::StatusOr<ValueTemplate> ValueTemplate::Parse(std::string_view text, Use use) {
  ValueTemplate out;
  while (!text.empty()) {
    const std::size_t start = text.find('%');
    out.AddLiteral(text.substr(0, start));
    if (start == std::string_view::npos) break;
    const std::size_t end = text.find('%', start + 1);
    if (end == std::string_view::npos) return absl::InvalidArgumentError("has a '%' without its second; write %% for a percent sign");
    const std::string_view name = text.substr(start + 1, end - start - 1);
    text.remove_prefix(end + 1);
    if (name.empty()) {
      out.AddLiteral("%");
      continue;
    }
    const Variable variable = Find(name, use);
    if (variable == Variable::kNone) {
      return absl::InvalidArgumentError(
          fmt::format("has the variable \"%{}%\", which is not one of {} (%% is a percent sign)", name.substr(0, 40), Choices(use)));
    }
    out.parts_.push_back({variable, {}});
  }
  return out;
}

bool ValueTemplate::Uses(Variable variable) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) { return part.variable == variable; });
}

}  // namespace switchyard::rules
