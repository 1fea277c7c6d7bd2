// From `switchyard.v1.RouteMatch` to MatchRule.
//
// Thread-safety: pure functions. Cost: compiles regular expressions. Errors: noted in `problems`, with the field.
#pragma once

#include <vector>

#include "agent/router/match_rule.h"
#include "agent/snapshot/problems.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::agent::snapshot {

std::vector<router::MatchRule> BuildMatches(const v1::Route& route, Problems& problems);
// Null, with the problem noted, when it does not compile.
std::shared_ptr<const rules::Pattern> BuildPattern(const std::string& text, const std::string& field, Problems& problems);

}  // namespace switchyard::agent::snapshot
