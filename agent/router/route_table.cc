#include "agent/router/route_table.h"

#include <algorithm>
#include <array>
#include <tuple>

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
    switch (rule.kind) {
      case PathKind::kExact:
        entry.exact[rule.path].push_back({&route, &rule, i});
        break;
      case PathKind::kTemplate:
      case PathKind::kRegex:
        entry.patterns.push_back({&route, &rule, i});
        break;
      case PathKind::kPrefix:
        entry.prefix[std::string(WithoutTrailingSlash(rule.path))].push_back({&route, &rule, i});
        break;
    }
  }
}

void RouteTable::Sort(HostEntry& entry) {
  const auto more = [](const auto& conditions) { return -static_cast<long>(conditions.size()); };
  const auto rank = [&](const Candidate& c) {
    return std::make_tuple(c.rule->methods.empty(), more(c.rule->headers), more(c.rule->query), more(c.rule->cookies), c.rule->sources.empty(),
                           std::string_view(c.route->name), c.position);
  };
  const auto before = [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); };
  for (auto& [path, candidates] : entry.exact) std::sort(candidates.begin(), candidates.end(), before);
  for (auto& [path, candidates] : entry.prefix) std::sort(candidates.begin(), candidates.end(), before);
  std::sort(entry.patterns.begin(), entry.patterns.end(), [&](const Candidate& a, const Candidate& b) {
    if (a.rule->kind != b.rule->kind) return a.rule->kind < b.rule->kind;
    if (a.rule->path.size() != b.rule->path.size()) return a.rule->path.size() > b.rule->path.size();
    return before(a, b);
  });
}

RouteTable::Match RouteTable::First(const Candidates& candidates, RoutedRequest& request) {
  for (const Candidate& candidate : candidates) {
    if (Satisfied(*candidate.rule, request, candidate.route->answers_preflight)) return {candidate.route, candidate.rule};
  }
  return {};
}

RouteTable::Match RouteTable::FindIn(const HostEntry& entry, RoutedRequest& request) {
  const std::string_view path = request.head.path;
  if (!entry.exact.empty()) {
    const auto it = entry.exact.find(path);
    if (it != entry.exact.end()) {
      if (const Match match = First(it->second, request); match.route != nullptr) return match;
    }
  }
  for (const Candidate& candidate : entry.patterns) {
    if (!PatternCovers(*candidate.rule, path)) continue;
    if (Satisfied(*candidate.rule, request, candidate.route->answers_preflight)) return {candidate.route, candidate.rule};
  }
  if (entry.prefix.empty()) return {};
  // From the whole path down to the root, a segment at a time.
  std::string_view prefix = WithoutTrailingSlash(path);
  while (true) {
    const auto it = entry.prefix.find(prefix);
    if (it != entry.prefix.end()) {
      if (const Match match = First(it->second, request); match.route != nullptr) return match;
    }
    if (prefix.empty()) break;
    // `*` (OPTIONS) has no segments: below it is the root.
    const std::size_t slash = prefix.rfind('/');
    prefix = prefix.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return {};
}

RouteTable::Shape RouteTable::shape() const {
  Shape out;
  const auto add = [&](const HostEntry& entry) {
    ++out.hosts;
    out.paths += entry.exact.size() + entry.prefix.size();
    out.most_patterns = std::max(out.most_patterns, entry.patterns.size());
    for (const auto* paths : {&entry.exact, &entry.prefix}) {
      for (const auto& [path, candidates] : *paths) out.longest_candidates = std::max(out.longest_candidates, candidates.size());
    }
  };
  for (const auto& [host, entry] : exact_hosts_) add(entry);
  for (const auto& [host, entry] : wildcard_hosts_) add(entry);
  add(any_host_);
  return out;
}

RouteTable::Match RouteTable::Find(const codec::RequestHead& request, std::string_view client_ip) const {
  RoutedRequest routed{request, client_ip, std::nullopt};
  std::array<char, kMaxHost> buffer{};
  const std::size_t length = std::min(request.host.size(), buffer.size());
  std::transform(request.host.begin(), request.host.begin() + static_cast<std::ptrdiff_t>(length), buffer.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view host(buffer.data(), length);
  if (!exact_hosts_.empty()) {
    const auto it = exact_hosts_.find(host);
    if (it != exact_hosts_.end()) {
      if (const Match match = FindIn(it->second, routed); match.route != nullptr) return match;
    }
  }
  if (!wildcard_hosts_.empty()) {
    // The longest suffix first; the label before it must not be empty.
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      const auto it = wildcard_hosts_.find(host.substr(dot));
      if (it == wildcard_hosts_.end()) continue;
      if (const Match match = FindIn(it->second, routed); match.route != nullptr) return match;
    }
  }
  return FindIn(any_host_, routed);
}

}  // namespace switchyard::agent::router
