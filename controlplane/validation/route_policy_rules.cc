#include "controlplane/validation/route_policy_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/status.h"
#include "common/rules/network.h"
#include "common/rules/pattern.h"
#include "controlplane/validation/header_rules.h"
#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/match_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

template <class T>
using Repeated = google::protobuf::RepeatedPtrField<T>;

// A path to put in place of another, which has bounds like those of a path to match.
void CheckNewPrefix(const std::string& field, const v1::Route& route, Text prefix, PathUse use, Findings& out) {
  CheckPathText(field, prefix, use, out);
  if (!MatchesByPrefixOnly(route)) {
    out.Add(field, "replaces the prefix that matched, but a match of this route is not by prefix; use `whole_path`, or split the route");
  }
}

// Would send every client to where it came from.
bool LeadsBack(const v1::Route& route, const v1::Redirect& redirect) {
  if (!redirect.scheme().empty() || redirect.port() != 0 || redirect.strip_query()) return false;
  const bool same_host = redirect.host().empty() || std::find(route.hosts().begin(), route.hosts().end(), redirect.host()) != route.hosts().end();
  if (!same_host) return false;
  const auto matches_all = [&](const auto& leads_back) {
    return !route.matches().empty() && std::all_of(route.matches().begin(), route.matches().end(), leads_back);
  };
  switch (redirect.path_case()) {
    case v1::Redirect::kWholePath:
      return matches_all([&](const v1::RouteMatch& match) { return match.path().exact() == redirect.whole_path(); });
    case v1::Redirect::kPrefix:
      return matches_all([&](const v1::RouteMatch& match) { return match.path().prefix() == redirect.prefix(); });
    case v1::Redirect::PATH_NOT_SET:
      break;
  }
  return true;
}

void CheckRedirect(const v1::Route& route, Findings& out) {
  const v1::Redirect& redirect = route.redirect();
  const std::string at = "spec.redirect";
  if (!redirect.scheme().empty() && redirect.scheme() != "http" && redirect.scheme() != "https") {
    out.Add(At(at, "scheme"), fmt::format("is {}; expected http or https", Quoted(redirect.scheme())));
  }
  if (!redirect.host().empty() && !IsHostName(redirect.host()) && !IsBracketedV6(redirect.host())) {
    out.Add(At(at, "host"), fmt::format("is {}; expected a host name without port", Quoted(redirect.host())));
  }
  if (redirect.port() > config::kMaxPort) out.Add(At(at, "port"), fmt::format("is {}; expected 1 to {}", redirect.port(), config::kMaxPort));
  if (redirect.path_case() == v1::Redirect::kWholePath) CheckPathText(At(at, "whole_path"), redirect.whole_path(), PathUse::kElsewhere, out);
  if (redirect.path_case() == v1::Redirect::kPrefix) CheckNewPrefix(At(at, "prefix"), route, redirect.prefix(), PathUse::kElsewhere, out);
  const std::uint32_t status = config::RedirectStatus(redirect);
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    out.Add(At(at, "status"), fmt::format("is {}; expected 301, 302, 303, 307 or 308", status));
  }
  if (LeadsBack(route, redirect)) out.Add(at, "leads back to the URL that was asked for; change scheme, host, port or path");
}

void CheckDirectResponse(const v1::DirectResponse& response, Findings& out) {
  const std::string at = "spec.direct_response";
  if (response.status() < config::kDirectStatus.min || response.status() > config::kDirectStatus.max) {
    out.Add(At(at, "status"), fmt::format("is {}; expected 200 to 599", response.status()));
  }
  const bool bare = response.status() == 204 || response.status() == 205 || response.status() == 304;
  if (bare && !response.body().empty()) out.Add(At(at, "body"), fmt::format("is not empty; a response of status {} has none", response.status()));
  if (response.body().size() > config::kMaxDirectBody) {
    out.Add(At(at, "body"), fmt::format("has {} bytes; at most {} allowed", response.body().size(), config::kMaxDirectBody));
  }
  CheckHeaderValue(At(at, "content_type"), response.content_type(), out);
  CheckHeaderValues(at, "headers", response.headers(), out);
}

void CheckRewrite(const v1::Route& route, Findings& out) {
  const v1::Rewrite& rewrite = route.rewrite();
  const std::string at = "spec.rewrite";
  if (!rewrite.host().empty()) {
    const Text host = rewrite.host();
    const std::size_t colon = host.rfind(':');
    const bool has_port = colon != Text::npos && !host.ends_with(']');
    const Text port = has_port ? host.substr(colon + 1) : Text();
    const Text name = has_port ? host.substr(0, colon) : host;
    const bool good_port = !has_port || (!port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == Text::npos);
    if (!good_port || (!IsHostName(name) && !IsBracketedV6(name))) {
      out.Add(At(at, "host"), fmt::format("is {}; expected a host name, with a port if need be", Quoted(host)));
    }
  }
  if (rewrite.path_case() == v1::Rewrite::kPrefix) return CheckNewPrefix(At(at, "prefix"), route, rewrite.prefix(), PathUse::kHere, out);
  if (rewrite.path_case() == v1::Rewrite::kWholePath) return CheckPathText(At(at, "whole_path"), rewrite.whole_path(), PathUse::kHere, out);
  if (rewrite.path_case() == v1::Rewrite::PATH_NOT_SET) {
    if (rewrite.host().empty()) out.Add(at, "changes nothing; expected `prefix`, `whole_path`, `regex` or `host`");
    return;
  }
  const auto pattern = rules::Pattern::Compile(rewrite.regex().pattern());
  if (!pattern.ok()) return out.Add(At(at, "regex.pattern"), std::string(Message(pattern.status())));
  const absl::Status fits = pattern->CheckSubstitution(rewrite.regex().substitution());
  if (!fits.ok()) out.Add(At(at, "regex.substitution"), std::string(Message(fits)));
}

void CheckMirror(const v1::Mirror& mirror, Findings& out) {
  CheckName("spec.mirror.upstream", mirror.upstream(), out);
  // Written so that a number that is none fails.
  if (mirror.has_percent() && !(mirror.percent() >= 0 && mirror.percent() <= config::kMaxPercent)) {
    out.Add("spec.mirror.percent", fmt::format("is {}; expected 0 to 100", mirror.percent()));
  }
  CheckOptional("spec.mirror", "max_body_bytes", mirror.has_max_body_bytes(), mirror.max_body_bytes(), config::kMirrorBodyBytes, out);
}

bool IsOrigin(Text origin) {
  if (origin == "*") return true;
  const std::size_t start = origin.find("://");
  if (start == Text::npos || (origin.substr(0, start) != "http" && origin.substr(0, start) != "https")) return false;
  Text host = origin.substr(start + 3);
  if (host.starts_with("*.")) host.remove_prefix(2);
  const std::size_t colon = host.rfind(':');
  if (colon != Text::npos && !host.ends_with(']')) {
    const Text port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != Text::npos) return false;
    host = host.substr(0, colon);
  }
  return IsHostName(host) || IsBracketedV6(host);
}

void CheckCors(const v1::Cors& cors, Findings& out) {
  const std::string at = "spec.cors";
  if (cors.allow_origins().empty()) out.Add(At(at, "allow_origins"), "is empty; expected at least one origin, such as https://app.example.com");
  const int origins = CheckSize(at, "allow_origins", cors.allow_origins_size(), config::kMaxOrigins, out);
  for (int i = 0; i < origins; ++i) {
    const std::string field = At(At(at, "allow_origins"), i);
    if (!IsOrigin(cors.allow_origins(i))) {
      out.Add(field, fmt::format("is {}; expected an origin such as https://app.example.com, https://*.example.com or *", Quoted(cors.allow_origins(i))));
    } else if (cors.allow_origins(i) == "*" && cors.allow_credentials()) {
      out.Add(field, "is every origin while `allow_credentials` is set: any page could act in its visitor's name; name the origins");
    }
  }
  CheckMethodList(at, "allow_methods", cors.allow_methods(), out);
  CheckHeaderNames(at, "allow_headers", cors.allow_headers(), config::kMaxCorsHeaders, out);
  CheckHeaderNames(at, "expose_headers", cors.expose_headers(), config::kMaxCorsHeaders, out);
  CheckTime(at, "max_age", cors.has_max_age(), cors.max_age(), config::kCorsMaxAge, out);
}

void CheckErrorPages(const v1::Route& route, Findings& out) {
  std::set<std::uint32_t> seen;
  const int count = CheckSize("spec", "error_pages", route.error_pages_size(), config::kMaxErrorPages, out);
  for (int i = 0; i < count; ++i) {
    const v1::ErrorPage& page = route.error_pages(i);
    const std::string at = At("spec.error_pages", i);
    if (page.statuses().empty()) out.Add(At(at, "statuses"), "is empty; expected at least one status from 400 to 599");
    const int statuses = CheckSize(at, "statuses", page.statuses_size(), config::kMaxPageStatuses, out);
    for (int s = 0; s < statuses; ++s) {
      const std::uint32_t status = page.statuses(s);
      const std::string field = At(At(at, "statuses"), s);
      if (status < config::kPageStatus.min || status > config::kPageStatus.max) {
        out.Add(field, fmt::format("is {}; expected 400 to 599", status));
      } else if (!seen.insert(status).second) {
        out.Add(field, fmt::format("names {} a second time; a status has one page", status));
      }
    }
    CheckHeaderValue(At(at, "content_type"), page.content_type(), out);
    CheckTemplateText(At(at, "body"), page.body(), rules::ValueTemplate::Use::kPage, config::kMaxPageBody, out);
  }
}

bool IsTypePattern(Text text) {
  if (text.starts_with('+')) return IsToken(text.substr(1));
  const std::size_t slash = text.find('/');
  if (slash == Text::npos || !IsToken(text.substr(0, slash))) return false;
  return text.substr(0, slash).find('*') == Text::npos && (text.substr(slash + 1) == "*" || IsToken(text.substr(slash + 1)));
}

void CheckCompression(const v1::Compression& compression, Findings& out) {
  const std::string at = "spec.compression";
  std::set<int> seen;
  const int codings = CheckSize(at, "codings", compression.codings_size(), config::kMaxCodings, out);
  for (int i = 0; i < codings; ++i) {
    const int coding = compression.codings(i);
    if (coding == v1::CODING_UNSPECIFIED || !v1::Coding_IsValid(coding)) {
      out.Add(At(At(at, "codings"), i), "is no coding; expected GZIP, BROTLI or ZSTD");
    } else if (!seen.insert(coding).second) {
      out.Add(At(At(at, "codings"), i), "is named a second time; name it once");
    }
  }
  const int types = CheckSize(at, "content_types", compression.content_types_size(), config::kMaxContentTypes, out);
  for (int i = 0; i < types; ++i) {
    if (IsTypePattern(compression.content_types(i))) continue;
    out.Add(At(At(at, "content_types"), i),
            fmt::format("is {}; expected a type such as text/html, text/* or +json", Quoted(compression.content_types(i))));
  }
  CheckOptional(at, "min_bytes", compression.has_min_bytes(), compression.min_bytes(), config::kCompressionMinBytes, out);
  CheckCount(at, "max_streams", compression.max_streams(), config::kCompressionStreams, out);
}

void CheckAccess(const v1::AddressRules& access, Findings& out) {
  CheckNetworks("spec.access", "allow", access.allow(), config::kMaxAddressRules, out);
  CheckNetworks("spec.access", "deny", access.deny(), config::kMaxAddressRules, out);
  std::set<rules::Network> allowed;
  for (const std::string& text : access.allow()) {
    if (const auto network = rules::Network::Parse(text); network.ok()) allowed.insert(*network);
  }
  for (int i = 0; i < access.deny_size(); ++i) {
    const auto network = rules::Network::Parse(access.deny(i));
    if (network.ok() && allowed.contains(*network)) {
      out.Add(At("spec.access.deny", i), fmt::format("is {}, which `allow` names too; it can be only one of them", Quoted(access.deny(i))));
    }
  }
}

void CheckRate(const std::string& at, const v1::RateLimit& limit, bool per_client, Findings& out) {
  if (limit.requests() < config::kRateRequests.min || limit.requests() > config::kRateRequests.max) {
    out.Add(At(at, "requests"), fmt::format("is {}; expected 1 to {}", limit.requests(), config::kRateRequests.max));
  }
  CheckTime(at, "per", limit.has_per(), limit.per(), config::kRatePer, out);
  CheckOptional(at, "burst", limit.has_burst(), limit.burst(), config::kRateBurst, out);
  if (per_client) return CheckCount(at, "max_clients", limit.max_clients(), config::kRateClients, out);
  if (limit.max_clients() != 0) out.Add(At(at, "max_clients"), "has no meaning here; it belongs to `client_rate_limit`");
}

void CheckSecurity(const v1::SecurityHeaders& headers, Findings& out) {
  const std::string at = "spec.security_headers";
  CheckTime(at, "hsts_max_age", headers.has_hsts_max_age(), headers.hsts_max_age(), config::kHstsMaxAge, out);
  CheckEnum(at, "frames", headers.frames(), v1::FramePolicy_descriptor(), out);
  CheckHeaderValue(At(at, "referrer_policy"), headers.referrer_policy(), out);
  CheckHeaderValue(At(at, "content_security_policy"), headers.content_security_policy(), out);
}

// What only means something on the way to a backend.
void CheckForwardOnly(const v1::Route& route, Findings& out) {
  if (route.has_forward() || route.action_case() == v1::Route::ACTION_NOT_SET) return;
  const Text reason = "has no meaning without `forward`: the request reaches no backend";
  if (route.has_rewrite()) out.Add("spec.rewrite", std::string(reason));
  if (route.has_request_headers()) out.Add("spec.request_headers", std::string(reason));
  if (route.has_mirror()) out.Add("spec.mirror", std::string(reason));
}

}  // namespace

void CheckRoutePolicies(const v1::Route& route, Findings& out) {
  CheckForwardOnly(route, out);
  if (route.has_redirect()) CheckRedirect(route, out);
  if (route.has_direct_response()) CheckDirectResponse(route.direct_response(), out);
  if (route.has_rewrite()) CheckRewrite(route, out);
  CheckHeaderChanges("spec.request_headers", route.request_headers(), out);
  CheckHeaderChanges("spec.response_headers", route.response_headers(), out);
  if (route.has_security_headers()) CheckSecurity(route.security_headers(), out);
  if (route.has_mirror()) CheckMirror(route.mirror(), out);
  if (route.has_cors()) CheckCors(route.cors(), out);
  CheckErrorPages(route, out);
  if (route.has_compression()) CheckCompression(route.compression(), out);
  if (route.has_access()) CheckAccess(route.access(), out);
  if (route.has_rate_limit()) CheckRate("spec.rate_limit", route.rate_limit(), /*per_client=*/false, out);
  if (route.has_client_rate_limit()) CheckRate("spec.client_rate_limit", route.client_rate_limit(), /*per_client=*/true, out);
}

}  // namespace switchyard::controlplane::validation
