// Rewrite: changes path and host of a request on its way to the backend.
//
// The result must be a path that a client might have sent: what a regex makes of a stranger's path is looked at as strictly as the path
// itself was. Thread-safety: immutable. Cost: O(length). Source: `Rewrite` in route.proto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/codec/head.h"
#include "agent/policy/redirect.h"
#include "common/rules/pattern.h"

namespace switchyard::agent::policy {

struct Rewrite {
  PathChange path_change = PathChange::kNone;
  std::string path;
  std::shared_ptr<const rules::Pattern> pattern;  // null: none
  std::string substitution;
  std::string host;  // empty: stays

  // Fills `out` with path and query as they go out; empty when the path stays. False: the result is no path.
  bool Path(const codec::RequestHead& head, std::string_view matched, std::string& out) const;
};

}  // namespace switchyard::agent::policy
