#include "agent/router/match_rule.h"

#include <algorithm>

namespace switchyard::agent::router {
namespace {

std::string_view Value(const std::vector<codec::Header>& headers, std::string_view name) {
  for (const codec::Header& header : headers) {
    if (codec::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return {};
}

bool Names(const std::vector<std::string>& methods, std::string_view method) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

// gRPC over HTTP/2, "Requests": application/grpc with an optional suffix.
bool IsGrpc(const codec::RequestHead& head) {
  constexpr std::string_view kType = "application/grpc";
  const std::string_view type = Value(head.headers, "content-type");
  if (type.size() < kType.size() || !codec::EqualsIgnoreCase(type.substr(0, kType.size()), kType)) return false;
  return type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';' || type[kType.size()] == ' ';
}

std::string_view QueryOf(const codec::RequestHead& head) {
  return head.path_and_query.size() > head.path.size() ? head.path_and_query.substr(head.path.size() + 1) : std::string_view();
}

bool FromOneOf(const std::vector<rules::Network>& sources, RoutedRequest& request) {
  if (!request.client) request.client = rules::IpAddress::Parse(request.client_ip);
  return request.client && std::any_of(sources.begin(), sources.end(),
                                       [&](const rules::Network& network) { return network.Covers(*request.client); });
}

template <class Holds>
bool All(const std::vector<ValueCondition>& conditions, const Holds& holds) {
  return std::all_of(conditions.begin(), conditions.end(), holds);
}

}  // namespace

std::string_view PreflightMethod(const codec::RequestHead& head) {
  if (head.method != "OPTIONS" || Value(head.headers, "origin").empty()) return {};
  return Value(head.headers, "access-control-request-method");
}

bool PatternCovers(const MatchRule& rule, std::string_view path) {
  return rule.kind == PathKind::kTemplate ? rule.path_template->Matches(path) : rule.regex->Matches(path);
}

bool Satisfied(const MatchRule& rule, RoutedRequest& request, bool answers_preflight) {
  const codec::RequestHead& head = request.head;
  if (!rule.methods.empty() && !Names(rule.methods, head.method)) {
    if (!answers_preflight || !Names(rule.methods, PreflightMethod(head))) return false;
  }
  if (rule.grpc && !IsGrpc(head)) return false;
  if (!All(rule.headers, [&](const ValueCondition& c) { return HeaderHolds(c, head.headers); })) return false;
  if (!rule.query.empty() && !All(rule.query, [&](const ValueCondition& c) { return QueryHolds(c, QueryOf(head)); })) return false;
  if (!All(rule.cookies, [&](const ValueCondition& c) { return CookieHolds(c, head.headers); })) return false;
  return rule.sources.empty() || FromOneOf(rule.sources, request);
}

}  // namespace switchyard::agent::router
