#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "controlplane/validation/resource_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Runs `problem_of` on each text of a list and refuses what comes twice.
template <typename ProblemOf>
void CheckTexts(std::string_view field, const google::protobuf::RepeatedPtrField<std::string>& texts, ProblemOf problem_of, FieldChecks& checks) {
  std::set<std::string, std::less<>> seen;
  for (int i = 0; i < texts.size(); ++i) {
    std::string problem = problem_of(texts[i]);
    if (problem.empty() && !seen.insert(LowerCase(texts[i])).second) problem = fmt::format("\"{}\" is there twice; keep one", texts[i]);
    if (!problem.empty()) checks.Fail(fmt::format("{}[{}]", field, i), problem);
  }
}

void CheckPath(const std::string& field, const v1::PathMatch& path, FieldChecks& checks) {
  if (path.kind_case() == v1::PathMatch::KIND_NOT_SET) return checks.Fail(field, "needs one of exact, prefix");
  const bool exact = path.kind_case() == v1::PathMatch::kExact;
  const std::string problem = PathProblem(exact ? path.exact() : path.prefix());
  if (!problem.empty()) checks.Fail(fmt::format("{}.{}", field, exact ? "exact" : "prefix"), problem);
}

void CheckHeader(const std::string& field, const v1::HeaderMatch& header, FieldChecks& checks) {
  checks.Length(field + ".name", header.name(), config::kMaxHeaderNameLength);
  const std::string name_problem = header.name().empty() ? "is required" : TokenProblem(header.name(), "header name");
  if (!name_problem.empty()) checks.Fail(field + ".name", name_problem);
  if (header.kind_case() == v1::HeaderMatch::KIND_NOT_SET) return checks.Fail(field, "needs one of exact, prefix, present");
  if (header.kind_case() == v1::HeaderMatch::kPresent) return;
  const bool exact = header.kind_case() == v1::HeaderMatch::kExact;
  const std::string problem = HeaderValueProblem(exact ? header.exact() : header.prefix());
  if (!problem.empty()) checks.Fail(fmt::format("{}.{}", field, exact ? "exact" : "prefix"), problem);
}

void CheckMatch(const std::string& field, const v1::RouteMatch& match, FieldChecks& checks) {
  if (match.has_path()) CheckPath(field + ".path", match.path(), checks);
  if (checks.Size(field + ".methods", static_cast<std::size_t>(match.methods_size()), config::kMaxMethods)) {
    CheckTexts(field + ".methods", match.methods(), MethodProblem, checks);
  }
  if (!checks.Size(field + ".headers", static_cast<std::size_t>(match.headers_size()), config::kMaxHeaderMatches)) return;
  for (int i = 0; i < match.headers_size(); ++i) CheckHeader(fmt::format("{}.headers[{}]", field, i), match.headers(i), checks);
}

void CheckForward(const v1::Forward& forward, FieldChecks& checks) {
  const std::string field = "spec.forward.upstreams";
  if (forward.upstreams().empty()) return checks.Fail(field, "needs at least one upstream");
  if (!checks.Size(field, static_cast<std::size_t>(forward.upstreams_size()), config::kMaxSplit)) return;
  std::set<std::string_view> seen;
  std::uint64_t sum = 0;
  for (int i = 0; i < forward.upstreams_size(); ++i) {
    const v1::WeightedUpstream& share = forward.upstreams(i);
    if (share.upstream().empty()) {
      checks.Fail(fmt::format("{}[{}].upstream", field, i), "is required: the name of an upstream");
    } else if (!seen.insert(share.upstream()).second) {
      checks.Fail(fmt::format("{}[{}].upstream", field, i), fmt::format("\"{}\" is there twice; add the weights up in one", share.upstream()));
    }
    checks.Number(fmt::format("{}[{}].weight", field, i), share.has_weight(), share.weight(), config::kSplitWeight);
    sum += config::Weight(share);
  }
  if (sum == 0) checks.Fail(field, "the weights add up to 0, so no request could go anywhere; give one of them a weight");
  if (sum > config::kMaxSplitSum) checks.Fail(field, fmt::format("the weights add up to {}; at most {} is allowed", sum, config::kMaxSplitSum));
}

}  // namespace

void CheckRoute(const v1::Route& route, FieldChecks& checks) {
  if (route.listeners().empty()) checks.Fail("spec.listeners", "needs at least one listener");
  if (checks.Size("spec.listeners", static_cast<std::size_t>(route.listeners_size()), config::kMaxRouteListeners)) {
    CheckTexts("spec.listeners", route.listeners(), NameProblem, checks);
  }
  if (checks.Size("spec.hosts", static_cast<std::size_t>(route.hosts_size()), config::kMaxHosts)) {
    CheckTexts("spec.hosts", route.hosts(), HostProblem, checks);
  }
  if (checks.Size("spec.matches", static_cast<std::size_t>(route.matches_size()), config::kMaxMatches)) {
    for (int i = 0; i < route.matches_size(); ++i) CheckMatch(fmt::format("spec.matches[{}]", i), route.matches(i), checks);
  }
  if (route.action_case() == v1::Route::ACTION_NOT_SET) {
    checks.Fail("spec.forward", "is required: where matching requests go");
  } else {
    CheckForward(route.forward(), checks);
  }
  const v1::Timeouts& timeouts = route.timeouts();
  checks.Time("spec.timeouts.response", timeouts.has_response(), timeouts.response(), config::kResponseTimeout);
  checks.Time("spec.timeouts.idle", timeouts.has_idle(), timeouts.idle(), config::kExchangeIdleTimeout);
}

}  // namespace switchyard::controlplane::validation
