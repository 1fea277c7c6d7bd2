#include "controlplane/validation/route_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

using Seen = std::unordered_set<std::string>;

std::string Lowered(Text text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

void CheckListeners(const v1::Route& route, Findings& out) {
  if (route.listeners().empty())
    out.Add("spec.listeners", "is empty; expected the name of at least one listener, or nothing could reach the route");
  Seen seen;
  const int count = CheckSize("spec", "listeners", route.listeners_size(), config::kMaxRouteListeners, out);
  for (int i = 0; i < count; ++i) {
    const std::string& name = route.listeners(i);
    CheckName(At("spec.listeners", i), name, out);
    if (!seen.insert(name).second) out.Add(At("spec.listeners", i), fmt::format("names {} a second time; name it once", Quoted(name)));
  }
}

// Empty: the host is in order.
std::string WrongHost(Text host) {
  const Text name = host.starts_with("*.") ? host.substr(2) : host;
  if (IsHostName(name)) return {};
  if (IsBracketedV6(host)) return {};
  if (host == "*") return "is \"*\"; to match every host, leave `hosts` empty";
  if (name.find('*') != Text::npos)
    return fmt::format("is {}; a wildcard stands for the first labels only, as in *.example.com", Quoted(host));
  const std::size_t colon = name.rfind(':');
  if (colon != Text::npos && IsHostName(name.substr(0, colon)) && name.find_first_not_of("0123456789", colon + 1) == Text::npos) {
    return fmt::format("is {}; hosts are compared without port, so write {}", Quoted(host), Quoted(host.substr(0, host.rfind(':'))));
  }
  return fmt::format(
      "is {}; expected a host name of at most {} characters, such as example.com or *.example.com, or an IP literal ([IPv6] in brackets)",
      Quoted(host), config::kMaxHostLength);
}

void CheckHosts(const v1::Route& route, Findings& out) {
  Seen seen;
  const int count = CheckSize("spec", "hosts", route.hosts_size(), config::kMaxHosts, out);
  for (int i = 0; i < count; ++i) {
    const std::string& host = route.hosts(i);
    std::string wrong = WrongHost(host);
    if (wrong.empty() && !seen.insert(Lowered(host)).second) wrong = fmt::format("names {} a second time; name it once", Quoted(host));
    if (!wrong.empty()) out.Add(At("spec.hosts", i), std::move(wrong));
  }
}

void CheckPathText(const std::string& field, Text path, Findings& out) {
  if (path.size() > config::kMaxPathLength) {
    out.Add(field, fmt::format("has {} characters; at most {} allowed", path.size(), config::kMaxPathLength));
  } else if (!path.starts_with('/')) {
    out.Add(field, fmt::format("is {}; expected a path that starts with '/'", Quoted(path)));
  } else if (!IsPath(path)) {
    out.Add(field,
            fmt::format(
                "is {}; expected visible ASCII characters without '?' and '#': paths are compared without the query, in the encoded form",
                Quoted(path)));
  } else if (IsUnreachablePath(path)) {
    out.Add(field,
            fmt::format("is {}, which no request can match: agents refuse '.' and '..' segments, a leading '//' and '\\'", Quoted(path)));
  }
}

void CheckPath(const std::string& at, const v1::PathMatch& path, Findings& out) {
  switch (path.kind_case()) {
    case v1::PathMatch::kExact:
      return CheckPathText(At(at, "exact"), path.exact(), out);
    case v1::PathMatch::kPrefix:
      return CheckPathText(At(at, "prefix"), path.prefix(), out);
    case v1::PathMatch::KIND_NOT_SET:
      break;
  }
  out.Add(at, "has no condition; expected `exact` or `prefix` (leave `path` out to match every path)");
}

void CheckMethods(const std::string& at, const v1::RouteMatch& match, Findings& out) {
  const int count = CheckSize(at, "methods", match.methods_size(), config::kMaxMethods, out);
  for (int i = 0; i < count; ++i) {
    const std::string& method = match.methods(i);
    const bool lower = std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (IsToken(method) && !lower && method.size() <= config::kMaxMethodLength) continue;
    out.Add(At(At(at, "methods"), i), fmt::format("is {}; expected a request method in upper case, such as GET, of 1 to {} characters",
                                                  Quoted(method), config::kMaxMethodLength));
  }
}

void CheckHeaderValue(const std::string& field, Text value, Findings& out) {
  if (value.size() > config::kMaxHeaderValueLength) {
    out.Add(field, fmt::format("has {} characters; at most {} allowed", value.size(), config::kMaxHeaderValueLength));
  } else if (!IsFieldValue(value)) {
    out.Add(field,
            fmt::format("is {}, which no header can hold: expected no control characters and no space at either end", Quoted(value)));
  }
}

// The start of a value may end with a space.
Text WithoutTrailingBlanks(Text text) {
  const std::size_t last = text.find_last_not_of(" \t");
  return last == Text::npos ? text : text.substr(0, last + 1);
}

void CheckHeader(const std::string& at, const v1::HeaderMatch& header, Findings& out) {
  if (!IsToken(header.name()) || header.name().size() > config::kMaxHeaderNameLength) {
    out.Add(At(at, "name"), header.name().empty() ? std::string("is missing; expected the name of a header")
                                                  : fmt::format("is {}; expected the name of a header, of 1 to {} characters",
                                                                Quoted(header.name()), config::kMaxHeaderNameLength));
  }
  switch (header.kind_case()) {
    case v1::HeaderMatch::kExact:
      return CheckHeaderValue(At(at, "exact"), header.exact(), out);
    case v1::HeaderMatch::kPrefix:
      return CheckHeaderValue(At(at, "prefix"), WithoutTrailingBlanks(header.prefix()), out);
    case v1::HeaderMatch::kPresent:
      return;
    case v1::HeaderMatch::KIND_NOT_SET:
      break;
  }
  out.Add(at, "has no condition; expected `exact`, `prefix` or `present`");
}

void CheckMatches(const v1::Route& route, Findings& out) {
  const int count = CheckSize("spec", "matches", route.matches_size(), config::kMaxMatches, out);
  for (int i = 0; i < count; ++i) {
    const v1::RouteMatch& match = route.matches(i);
    const std::string at = At("spec.matches", i);
    if (match.has_path()) CheckPath(At(at, "path"), match.path(), out);
    CheckMethods(at, match, out);
    const int headers = CheckSize(at, "headers", match.headers_size(), config::kMaxHeaderMatches, out);
    for (int h = 0; h < headers; ++h) CheckHeader(At(At(at, "headers"), h), match.headers(h), out);
  }
}

void CheckForward(const v1::Forward& forward, Findings& out) {
  const Text at = "spec.forward.upstreams";
  if (forward.upstreams().empty()) return out.Add(std::string(at), "is empty; expected at least one upstream");
  Seen seen;
  std::uint64_t sum = 0;
  const int count = CheckSize("spec.forward", "upstreams", forward.upstreams_size(), config::kMaxSplit, out);
  for (int i = 0; i < count; ++i) {
    const v1::WeightedUpstream& share = forward.upstreams(i);
    CheckName(At(At(at, i), "upstream"), share.upstream(), out);
    CheckOptional(At(at, i), "weight", share.has_weight(), share.weight(), config::kSplitWeight, out);
    sum += config::Weight(share);
    if (!seen.insert(share.upstream()).second) {
      out.Add(At(At(at, i), "upstream"), fmt::format("names {} a second time; add its weights up in one entry", Quoted(share.upstream())));
    }
  }
  if (sum >= 1 && sum <= config::kMaxSplitSum) return;
  out.Add(std::string(at),
          fmt::format("has weights whose sum is {}; expected 1 to {}{}", sum, config::kMaxSplitSum,
                      sum == 0 ? ": give at least one upstream a weight above 0" : ": scale the weights down, only their shares count"));
}

}  // namespace

void CheckRoute(const v1::Route& route, Findings& out) {
  CheckListeners(route, out);
  CheckHosts(route, out);
  CheckMatches(route, out);
  if (route.action_case() == v1::Route::ACTION_NOT_SET) {
    out.Add("spec", "has no action; expected `forward` with at least one upstream");
  } else {
    CheckForward(route.forward(), out);
  }
  const v1::Timeouts& timeouts = route.timeouts();
  CheckTime("spec.timeouts", "response", timeouts.has_response(), timeouts.response(), config::kResponseTimeout, out);
  CheckTime("spec.timeouts", "idle", timeouts.has_idle(), timeouts.idle(), config::kExchangeIdleTimeout, out);
}

}  // namespace switchyard::controlplane::validation
