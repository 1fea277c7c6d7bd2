#include "agent/router/route_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

namespace switchyard::agent::router {
namespace {

constexpr std::size_t kMaxHost = 255;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string Lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

std::string_view WithoutTrailingSlash(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool IsPlain(const MatchRule& rule) {
  return rule.methods.empty() && rule.headers.empty() && rule.query.empty() && rule.cookies.empty() && rule.sources.empty() && !rule.grpc;
}

// Which of two rules with the same path is asked first.
bool Before(const Candidate& a, const Candidate& b) {
  const auto more = [](const auto& conditions) { return -static_cast<long>(conditions.size()); };
  const auto rank = [&](const Candidate& c) {
    return std::make_tuple(c.rule->methods.empty(), more(c.rule->headers), more(c.rule->query), more(c.rule->cookies), c.rule->sources.empty(),
                           std::string_view(c.route->name), c.position);
  };
  const bool patterns = a.rule->kind == PathKind::kTemplate || a.rule->kind == PathKind::kRegex;
  if (patterns && a.rule->kind != b.rule->kind) return a.rule->kind < b.rule->kind;
  if (patterns && a.rule->path.size() != b.rule->path.size()) return a.rule->path.size() > b.rule->path.size();
  return rank(a) < rank(b);
}

// At most this many slashes: no prefix goes deeper.
std::string_view CutTo(std::string_view path, std::size_t slashes) {
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '/' && slashes-- == 0) return path.substr(0, at);
  }
  return path;
}

}  // namespace

RouteTable::RouteTable(std::vector<std::shared_ptr<const Route>> routes) : routes_(std::move(routes)) {
  for (const auto& route : routes_) {
    if (route->hosts.empty()) Add(*route, HostScope::kAny, {});
    for (const std::string& host : route->hosts) {
      const std::string lowered = Lowered(host);
      if (lowered.starts_with("*.")) {
        Add(*route, HostScope::kSuffix, std::string_view(lowered).substr(1));
      } else {
        Add(*route, HostScope::kExact, lowered);
      }
    }
  }
  index_.Seal(Before);
}

void RouteTable::Add(const Route& route, HostScope scope, std::string_view host) {
  if (route.matches.empty()) index_.Add({scope, PathScope::kPrefix, host, {}}, {&route, &match_all_, 0, true});
  for (std::size_t i = 0; i < route.matches.size(); ++i) {
    const MatchRule& rule = route.matches[i];
    const Candidate candidate{&route, &rule, static_cast<std::uint32_t>(i), IsPlain(rule)};
    switch (rule.kind) {
      case PathKind::kExact:
        index_.Add({scope, PathScope::kExact, host, rule.path}, candidate);
        break;
      case PathKind::kTemplate:
      case PathKind::kRegex:
        index_.Add({scope, PathScope::kPatterns, host, {}}, candidate);
        break;
      case PathKind::kPrefix:
        index_.Add({scope, PathScope::kPrefix, host, WithoutTrailingSlash(rule.path)}, candidate);
        break;
    }
  }
}

RouteTable::Match RouteTable::First(std::span<const Candidate> candidates, RoutedRequest& request) {
  for (const Candidate& candidate : candidates) {
    if (candidate.plain || Satisfied(*candidate.rule, request, candidate.route->answers_preflight)) return {candidate.route, candidate.rule};
  }
  return {};
}

RouteTable::Match RouteTable::FindIn(HostScope scope, std::string_view host, RoutedRequest& request) const {
  const std::string_view path = request.head.path;
  if (index_.Has(scope, PathScope::kExact)) {
    if (const Match match = First(index_.Find({scope, PathScope::kExact, host, path}), request); match.route != nullptr) return match;
  }
  if (index_.Has(scope, PathScope::kPatterns)) {
    for (const Candidate& candidate : index_.Find({scope, PathScope::kPatterns, host, {}})) {
      if (!PatternCovers(*candidate.rule, path)) continue;
      if (Satisfied(*candidate.rule, request, candidate.route->answers_preflight)) return {candidate.route, candidate.rule};
    }
  }
  if (!index_.Has(scope, PathScope::kPrefix)) return {};
  // From the whole path down to the root, a segment at a time.
  std::string_view prefix = CutTo(WithoutTrailingSlash(path), index_.deepest());
  while (true) {
    if (const Match match = First(index_.Find({scope, PathScope::kPrefix, host, prefix}), request); match.route != nullptr) return match;
    if (prefix.empty()) return {};
    // `*` (OPTIONS) has no segments: below it is the root.
    const std::size_t slash = prefix.rfind('/');
    prefix = prefix.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

RouteTable::Match RouteTable::Find(const codec::RequestHead& request, std::string_view client_ip) const {
  RoutedRequest routed{request, client_ip, std::nullopt};
  const bool suffixes = index_.Has(HostScope::kSuffix);
  if (suffixes || index_.Has(HostScope::kExact)) {
    std::array<char, kMaxHost> buffer;
    const std::size_t length = std::min(request.host.size(), buffer.size());
    std::transform(request.host.begin(), request.host.begin() + static_cast<std::ptrdiff_t>(length), buffer.begin(), Lower);
    const std::string_view host(buffer.data(), length);
    if (const Match match = FindIn(HostScope::kExact, host, routed); match.route != nullptr) return match;
    // The longest suffix first; the label before it must not be empty.
    for (std::size_t dot = suffixes ? host.find('.', 1) : std::string_view::npos; dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      if (const Match match = FindIn(HostScope::kSuffix, host.substr(dot), routed); match.route != nullptr) return match;
    }
  }
  return FindIn(HostScope::kAny, {}, routed);
}

}  // namespace switchyard::agent::router
