#include "agent/snapshot/match_builder.h"

#include <fmt/format.h>

#include "common/rules/request_path.h"

namespace switchyard::agent::snapshot {
namespace {

using router::MatchRule;
using router::PathKind;
using router::ValueCondition;
using Kind = ValueCondition::Kind;

// HeaderMatch and ParameterMatch have the same conditions.
template <class Match>
ValueCondition ConditionOf(const Match& match, const std::string& field, Problems& problems) {
  ValueCondition condition;
  condition.name = match.name();
  condition.invert = match.invert();
  switch (match.kind_case()) {
    case Match::kExact:
      condition.kind = Kind::kExact;
      condition.value = match.exact();
      break;
    case Match::kPrefix:
      condition.kind = Kind::kPrefix;
      condition.value = match.prefix();
      break;
    case Match::kPresent:
      condition.kind = match.present() ? Kind::kPresent : Kind::kAbsent;
      break;
    case Match::kRegex:
      condition.kind = Kind::kRegex;
      condition.pattern = BuildPattern(match.regex(), field + ".regex", problems);
      break;
    case Match::KIND_NOT_SET:
      break;
  }
  return condition;
}

template <class Matches>
std::vector<ValueCondition> ConditionsOf(const Matches& matches, const std::string& field, Problems& problems) {
  std::vector<ValueCondition> out;
  for (int i = 0; i < matches.size(); ++i) out.push_back(ConditionOf(matches[i], fmt::format("{}[{}]", field, i), problems));
  return out;
}

void SetTemplate(const std::string& text, const std::string& field, MatchRule& rule, Problems& problems) {
  absl::StatusOr<rules::PathTemplate> parsed = rules::PathTemplate::Parse(text);
  if (!parsed.ok()) return problems.Add(field, Message(parsed.status()));
  rule.kind = PathKind::kTemplate;
  rule.path = text;
  rule.path_template = std::make_shared<const rules::PathTemplate>(*std::move(parsed));
}

void SetPath(const v1::PathMatch& path, const std::string& field, MatchRule& rule, Problems& problems) {
  switch (path.kind_case()) {
    case v1::PathMatch::kExact:
      rule.kind = PathKind::kExact;
      rule.path = rules::Normalized(path.exact());
      break;
    case v1::PathMatch::kPrefix:
      rule.path = rules::Normalized(path.prefix());
      break;
    case v1::PathMatch::kRegex:
      rule.kind = PathKind::kRegex;
      rule.path = path.regex();
      rule.regex = BuildPattern(path.regex(), field + ".regex", problems);
      break;
    case v1::PathMatch::kTemplate:
      SetTemplate(rules::Normalized(path.template_()), field + ".template", rule, problems);
      break;
    case v1::PathMatch::KIND_NOT_SET:
      break;
  }
}

// gRPC over HTTP/2, "Requests": the path is `/service/method`.
void SetGrpc(const v1::GrpcMatch& grpc, const std::string& field, MatchRule& rule, Problems& problems) {
  rule.grpc = true;
  if (!grpc.service().empty() && !grpc.method().empty()) {
    rule.kind = PathKind::kExact;
    rule.path = fmt::format("/{}/{}", grpc.service(), grpc.method());
  } else if (!grpc.service().empty()) {
    rule.path = "/" + grpc.service();
  } else if (!grpc.method().empty()) {
    SetTemplate("/*/" + grpc.method(), field + ".method", rule, problems);
  }
}

}  // namespace

std::shared_ptr<const rules::Pattern> BuildPattern(const std::string& text, const std::string& field, Problems& problems) {
  absl::StatusOr<rules::Pattern> pattern = rules::Pattern::Compile(text);
  if (pattern.ok()) return std::make_shared<const rules::Pattern>(*std::move(pattern));
  problems.Add(field, Message(pattern.status()));
  return nullptr;
}

std::vector<MatchRule> BuildMatches(const v1::Route& route, Problems& problems) {
  std::vector<MatchRule> out;
  for (int i = 0; i < route.matches_size(); ++i) {
    const v1::RouteMatch& match = route.matches(i);
    const std::string field = fmt::format("spec.matches[{}]", i);
    const std::size_t before = problems.count();
    MatchRule& rule = out.emplace_back();
    rule.sni.assign(route.matches(i).sni().begin(), route.matches(i).sni().end());
    SetPath(match.path(), field + ".path", rule, problems);
    if (match.has_grpc()) SetGrpc(match.grpc(), field + ".grpc", rule, problems);
    rule.methods.assign(match.methods().begin(), match.methods().end());
    rule.headers = ConditionsOf(match.headers(), field + ".headers", problems);
    rule.query = ConditionsOf(match.query(), field + ".query", problems);
    rule.cookies = ConditionsOf(match.cookies(), field + ".cookies", problems);
    for (int s = 0; s < match.sources_size(); ++s) {
      rule.sources.push_back(problems.Take(rules::Network::Parse(match.sources(s)), fmt::format("{}.sources[{}]", field, s)));
    }
    // Half understood it would match too much.
    if (problems.count() > before) out.pop_back();
  }
  return out;
}

}  // namespace switchyard::agent::snapshot
