// ValueCondition: a condition on the value of a header, a query parameter or a cookie, and its evaluation.
//
// Several lines of one header count as one value joined by `, ` (RFC 9110 section 5.3); of several query parameters or cookies of one name
// the first counts. Query parameters are decoded (`+` and %-encoding), so that no spelling slips past a condition.
// Thread-safety: pure. Cost: O(headers) or O(query); allocates only when a header comes in several lines or a parameter is encoded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "common/rules/pattern.h"

namespace switchyard::agent::router {

struct ValueCondition {
  enum class Kind : std::uint8_t { kExact, kPrefix, kPresent, kAbsent, kRegex };
  std::string name;
  Kind kind = Kind::kPresent;
  std::string value;
  bool invert = false;
  std::shared_ptr<const rules::Pattern> pattern;  // with kRegex
};

bool HeaderHolds(const ValueCondition& condition, const std::vector<codec::Header>& headers);
// `query`: what stands behind the '?'.
bool QueryHolds(const ValueCondition& condition, std::string_view query);
// RFC 6265 section 4.2: pairs divided by ';'.
bool CookieHolds(const ValueCondition& condition, const std::vector<codec::Header>& headers);

}  // namespace switchyard::agent::router
