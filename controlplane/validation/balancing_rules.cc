#include "controlplane/validation/balancing_rules.h"

#include <fmt/format.h>

#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckName(const std::string& at, Text name, bool may_be_any, std::size_t longest, Findings& out) {
  if (name.size() > longest) {
    out.Add(at, fmt::format("has {} characters; at most {} allowed", name.size(), longest));
  } else if (name.empty() || !(may_be_any || IsToken(name))) {
    out.Add(at, fmt::format("is {}; expected a name of letters, digits and -._~!#$%&'*+^`|", Quoted(name)));
  }
}

void CheckSource(const std::string& at, const v1::HashSource& source, Findings& out) {
  switch (source.kind_case()) {
    case v1::HashSource::kHeader:
      return CheckName(At(at, "header"), source.header(), false, config::kMaxHeaderNameLength, out);
    case v1::HashSource::kCookie:
      return CheckName(At(at, "cookie"), source.cookie(), false, config::kMaxCookieNameLength, out);
    case v1::HashSource::kQuery:
      return CheckName(At(at, "query"), source.query(), true, config::kMaxHeaderNameLength, out);
    case v1::HashSource::kSourceAddress:
      if (!source.source_address()) out.Add(At(at, "source_address"), "is false; expected true, or another source");
      return;
    case v1::HashSource::kPath:
      if (!source.path()) out.Add(At(at, "path"), "is false; expected true, or another source");
      return;
    case v1::HashSource::KIND_NOT_SET:
      out.Add(at, "has no source; expected `header`, `cookie`, `query`, `source_address` or `path`");
  }
}

void CheckHash(const v1::HashPolicy& hash, Findings& out) {
  const int count = CheckSize("spec.hash", "sources", hash.sources_size(), config::kMaxHashSources, out);
  for (int i = 0; i < count; ++i) CheckSource(At("spec.hash.sources", i), hash.sources(i), out);
  if (hash.bound_percent() != 0)
    CheckOptional("spec.hash", "bound_percent", hash.has_bound_percent(), hash.bound_percent(), config::kHashBoundPercent, out);
}

void CheckSticky(const v1::StickySession& sticky, Findings& out) {
  const Text at = "spec.sticky";
  if (!sticky.cookie().empty()) CheckName(At(at, "cookie"), sticky.cookie(), false, config::kMaxCookieNameLength, out);
  if (sticky.has_ttl()) CheckTime(at, "ttl", true, sticky.ttl(), config::kStickyTtl, out);
  const Text path = sticky.path();
  if (!path.empty() && (!IsPath(path) || path.find(';') != Text::npos || path.size() > config::kMaxPathLength)) {
    out.Add(At(at, "path"), fmt::format("is {}; expected a path that starts with '/', of visible ASCII characters without ';'", Quoted(path)));
  }
}

}  // namespace

void CheckBalancing(const v1::Upstream& upstream, Findings& out) {
  CheckOptional("spec", "least_capacity_percent", upstream.has_least_capacity_percent(), upstream.least_capacity_percent(),
                config::kLeastCapacityPercent, out);
  if (upstream.has_slow_start()) {
    const v1::SlowStart& slow = upstream.slow_start();
    CheckTime("spec.slow_start", "window", slow.has_window(), slow.window(), config::kSlowStartWindow, out);
    CheckCount("spec.slow_start", "aggression_percent", slow.aggression_percent(), config::kAggressionPercent, out);
  }
  CheckCount("spec.zones", "fill_percent", upstream.zones().fill_percent(), config::kZoneFillPercent, out);
  CheckHash(upstream.hash(), out);
  if (upstream.has_sticky()) CheckSticky(upstream.sticky(), out);
}

}  // namespace switchyard::controlplane::validation
