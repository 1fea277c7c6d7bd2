#include "controlplane/validation/route_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/match_rules.h"
#include "controlplane/validation/route_policy_rules.h"
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

void CheckSni(const std::string& at, const v1::RouteMatch& match, Findings& out) {
  Seen seen;
  const int count = CheckSize(at, "sni", match.sni_size(), config::kMaxSni, out);
  for (int i = 0; i < count; ++i) {
    const Text name = match.sni(i);
    const Text base = name.starts_with("*.") ? name.substr(2) : name;
    const std::string field = At(At(at, "sni"), i);
    if (!IsHostName(base)) {
      out.Add(field, name == "*" ? std::string("is \"*\"; to match every name, leave `sni` empty")
                                 : fmt::format("is {}; expected a server name such as example.com or *.example.com", Quoted(name)));
    } else if (!seen.insert(Lowered(name)).second) {
      out.Add(field, fmt::format("names {} a second time; name it once", Quoted(name)));
    }
  }
}

void CheckServerNames(const v1::Route& route, Findings& out) {
  for (int i = 0; i < std::min<int>(route.matches_size(), config::kMaxMatches); ++i) CheckSni(At("spec.matches", i), route.matches(i), out);
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
  CheckServerNames(route, out);
  if (route.action_case() == v1::Route::ACTION_NOT_SET) {
    out.Add("spec", "has no action; expected `forward` with at least one upstream, `redirect` or `direct_response`");
  } else if (route.has_forward()) {
    CheckForward(route.forward(), out);
  }
  CheckRoutePolicies(route, out);
  const v1::Timeouts& timeouts = route.timeouts();
  CheckTime("spec.timeouts", "response", timeouts.has_response(), timeouts.response(), config::kResponseTimeout, out);
  CheckTime("spec.timeouts", "idle", timeouts.has_idle(), timeouts.idle(), config::kExchangeIdleTimeout, out);
  CheckTime("spec.timeouts", "request", timeouts.has_request(), timeouts.request(), config::kRequestTimeout, out);
  CheckTime("spec.timeouts", "max_stream", timeouts.has_max_stream(), timeouts.max_stream(), config::kMaxStreamDuration, out);
}

}  // namespace switchyard::controlplane::validation
