#include "agent/router/route_table.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "agent/router/header_condition.h"

namespace switchyard::agent::router {
namespace {

constexpr std::size_t kMaxHost = 255;

std::string Lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view WithoutTrailingSlash(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool Satisfied(const MatchRule& rule, const codec::RequestHead& request) {
  if (!rule.methods.empty() && std::find(rule.methods.begin(), rule.methods.end(), request.method) == rule.methods.end()) return false;
  return std::all_of(rule.headers.begin(), rule.headers.end(),
                     [&](const HeaderCondition& condition) { return Holds(condition, request.headers); });
}

}  // namespace

RouteTable::RouteTable(std::vector<std::shared_ptr<const Route>> routes) : routes_(std::move(routes)) {
  for (const auto& route : routes_) {
    if (route->hosts.empty()) Add(any_host_, *route);
    for (const std::string& host : route->hosts) {
      const std::string lowered = Lowered(host);
      if (lowered.starts_with("*.")) {
        Add(wildcard_hosts_[lowered.substr(1)], *route);
      } else {
        Add(exact_hosts_[lowered], *route);
      }
    }
  }
  Sort(any_host_);
  for (auto& [host, entry] : exact_hosts_) Sort(entry);
  for (auto& [host, entry] : wildcard_hosts_) Sort(entry);
}

void RouteTable::Add(HostEntry& entry, const Route& route) {
  if (route.matches.empty()) entry.prefix[""].push_back({&route, &match_all_, 0});
  for (std::size_t i = 0; i < route.matches.size(); ++i) {
    const MatchRule& rule = route.matches[i];
    if (rule.exact_path) {
      entry.exact[rule.path].push_back({&route, &rule, i});
    } else {
      entry.prefix[std::string(WithoutTrailingSlash(rule.path))].push_back({&route, &rule, i});
    }
  }
}

void RouteTable::Sort(HostEntry& entry) {
  const auto rank = [](const Candidate& c) {
    return std::make_tuple(c.rule->methods.empty(), -static_cast<long>(c.rule->headers.size()), std::string_view(c.route->name),
                           c.position);
  };
  const auto sort = [&](Candidates& candidates) {
    std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
  };
  for (auto& [path, candidates] : entry.exact) sort(candidates);
  for (auto& [path, candidates] : entry.prefix) sort(candidates);
}

const Route* RouteTable::FindIn(const HostEntry& entry, const codec::RequestHead& request) {
  const auto first = [&](const Candidates& candidates) -> const Route* {
    for (const Candidate& candidate : candidates) {
      if (Satisfied(*candidate.rule, request)) return candidate.route;
    }
    return nullptr;
  };
  if (!entry.exact.empty()) {
    const auto it = entry.exact.find(request.path);
    if (it != entry.exact.end()) {
      if (const Route* route = first(it->second)) return route;
    }
  }
  if (entry.prefix.empty()) return nullptr;
  // From the whole path down to the root, a segment at a time.
  std::string_view prefix = WithoutTrailingSlash(request.path);
  while (true) {
    const auto it = entry.prefix.find(prefix);
    if (it != entry.prefix.end()) {
      if (const Route* route = first(it->second)) return route;
    }
    if (prefix.empty()) break;
    // `*` (OPTIONS) has no segments: below it is the root.
    const std::size_t slash = prefix.rfind('/');
    prefix = prefix.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return nullptr;
}

const Route* RouteTable::Find(const codec::RequestHead& request) const {
  std::array<char, kMaxHost> buffer{};
  const std::size_t length = std::min(request.host.size(), buffer.size());
  std::transform(request.host.begin(), request.host.begin() + static_cast<std::ptrdiff_t>(length), buffer.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view host(buffer.data(), length);
  if (!exact_hosts_.empty()) {
    const auto it = exact_hosts_.find(host);
    if (it != exact_hosts_.end()) {
      if (const Route* route = FindIn(it->second, request)) return route;
    }
  }
  if (!wildcard_hosts_.empty()) {
    // The longest suffix first; the label before it must not be empty.
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      const auto it = wildcard_hosts_.find(host.substr(dot));
      if (it == wildcard_hosts_.end()) continue;
      if (const Route* route = FindIn(it->second, request)) return route;
    }
  }
  return FindIn(any_host_, request);
}

}  // namespace switchyard::agent::router
