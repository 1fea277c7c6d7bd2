#include "agent/router/header_condition.h"

#include <string>
#include <string_view>

namespace switchyard::agent::router {
namespace {

bool Compare(const HeaderCondition& condition, bool present, std::string_view value) {
  switch (condition.kind) {
    case HeaderCondition::Kind::kExact:
      return present && value == condition.value;
    case HeaderCondition::Kind::kPrefix:
      return present && value.starts_with(condition.value);
    case HeaderCondition::Kind::kPresent:
      return present;
    case HeaderCondition::Kind::kAbsent:
      return !present;
  }
  return false;
}

}  // namespace

bool Holds(const HeaderCondition& condition, const std::vector<codec::Header>& headers) {
  std::string_view value;
  std::string joined;
  bool present = false;
  for (const codec::Header& header : headers) {
    if (!codec::EqualsIgnoreCase(header.name, condition.name)) continue;
    if (!present) {
      value = header.value;
    } else {
      if (joined.empty()) joined = value;
      joined.append(", ").append(header.value);
      value = joined;
    }
    present = true;
  }
  return Compare(condition, present, value) != condition.invert;
}

}  // namespace switchyard::agent::router
