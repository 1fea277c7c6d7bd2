// Evaluates a condition on a request header; several lines of one field count as one value joined by `, ` (RFC 9110 section 5.3).
//
// Thread-safety: pure. Cost: O(headers); allocates only when a field comes in several lines.
#pragma once

#include <vector>

#include "agent/codec/head.h"
#include "agent/router/route.h"

namespace switchyard::agent::router {

bool Holds(const HeaderCondition& condition, const std::vector<codec::Header>& headers);

}  // namespace switchyard::agent::router
