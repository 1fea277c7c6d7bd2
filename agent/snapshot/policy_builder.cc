#include "agent/snapshot/policy_builder.h"

#include <fmt/format.h>

#include "agent/snapshot/match_builder.h"
#include "common/base/random.h"
#include "common/config/limits.h"

namespace switchyard::agent::snapshot {
namespace {

using policy::HeaderChanges;
using policy::PathChange;
using policy::RoutePolicies;
using rules::ValueTemplate;

std::vector<rules::Network> NetworksOf(const google::protobuf::RepeatedPtrField<std::string>& texts, const std::string& field,
                                       Problems& problems) {
  std::vector<rules::Network> out;
  for (int i = 0; i < texts.size(); ++i) out.push_back(problems.Take(rules::Network::Parse(texts[i]), fmt::format("{}[{}]", field, i)));
  return out;
}

std::vector<HeaderChanges::Change> ChangesOf(const google::protobuf::RepeatedPtrField<v1::HeaderValue>& values, const std::string& field,
                                             Problems& problems) {
  std::vector<HeaderChanges::Change> out;
  for (int i = 0; i < values.size(); ++i) {
    out.push_back({values[i].name(), problems.Take(ValueTemplate::Parse(values[i].value(), ValueTemplate::Use::kHeader),
                                                   fmt::format("{}[{}].value", field, i))});
  }
  return out;
}

std::unique_ptr<const HeaderChanges> HeadersOf(const v1::HeaderChanges& proto, const std::string& field, Problems& problems) {
  auto out = std::make_unique<HeaderChanges>();
  out->remove.assign(proto.remove().begin(), proto.remove().end());
  out->set = ChangesOf(proto.set(), field + ".set", problems);
  out->add = ChangesOf(proto.add(), field + ".add", problems);
  return out;
}

std::unique_ptr<const policy::Redirect> RedirectOf(const v1::Redirect& proto) {
  auto out = std::make_unique<policy::Redirect>();
  out->scheme = proto.scheme();
  out->host = proto.host();
  out->port = static_cast<std::uint16_t>(proto.port());
  out->status = static_cast<std::uint16_t>(config::RedirectStatus(proto));
  out->strip_query = proto.strip_query();
  if (proto.path_case() == v1::Redirect::kWholePath) {
    out->path_change = PathChange::kWhole;
    out->path = proto.whole_path();
  } else if (proto.path_case() == v1::Redirect::kPrefix) {
    out->path_change = PathChange::kPrefix;
    out->path = proto.prefix();
  }
  return out;
}

std::unique_ptr<const policy::DirectResponse> DirectOf(const v1::DirectResponse& proto, Problems& problems) {
  auto out = std::make_unique<policy::DirectResponse>();
  out->status = static_cast<std::uint16_t>(proto.status());
  out->body = proto.body();
  out->content_type = proto.content_type().empty() ? std::string(config::kDefaultTextType) : proto.content_type();
  out->headers = ChangesOf(proto.headers(), "spec.direct_response.headers", problems);
  return out;
}

std::unique_ptr<const policy::Rewrite> RewriteOf(const v1::Rewrite& proto, Problems& problems) {
  auto out = std::make_unique<policy::Rewrite>();
  out->host = proto.host();
  switch (proto.path_case()) {
    case v1::Rewrite::kPrefix:
      out->path_change = PathChange::kPrefix;
      out->path = proto.prefix();
      break;
    case v1::Rewrite::kWholePath:
      out->path_change = PathChange::kWhole;
      out->path = proto.whole_path();
      break;
    case v1::Rewrite::kRegex:
      out->pattern = BuildPattern(proto.regex().pattern(), "spec.rewrite.regex.pattern", problems);
      out->substitution = proto.regex().substitution();
      break;
    case v1::Rewrite::PATH_NOT_SET:
      break;
  }
  return out;
}

std::unique_ptr<const policy::SecurityHeaders> SecurityOf(const v1::SecurityHeaders& proto) {
  auto out = std::make_unique<policy::SecurityHeaders>();
  out->always.emplace_back("X-Content-Type-Options", "nosniff");
  if (proto.frames() != v1::FRAME_POLICY_ANY) {
    out->always.emplace_back("X-Frame-Options", proto.frames() == v1::FRAME_POLICY_SAME_ORIGIN ? "SAMEORIGIN" : "DENY");
  }
  out->always.emplace_back("Referrer-Policy",
                           proto.referrer_policy().empty() ? std::string(config::kDefaultReferrerPolicy) : proto.referrer_policy());
  out->always.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  if (!proto.content_security_policy().empty()) out->always.emplace_back("Content-Security-Policy", proto.content_security_policy());
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(config::HstsMaxAge(proto)).count();
  if (age > 0) out->transport_security = fmt::format("max-age={}{}", age, proto.hsts_include_subdomains() ? "; includeSubDomains" : "");
  return out;
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

std::unique_ptr<const policy::Cors> CorsOf(const v1::Cors& proto) {
  policy::Cors::Options options;
  options.origins.assign(proto.allow_origins().begin(), proto.allow_origins().end());
  options.methods = proto.allow_methods().empty() ? std::string("GET, HEAD, POST") : Joined(proto.allow_methods());
  options.headers = Joined(proto.allow_headers());
  options.exposed = Joined(proto.expose_headers());
  options.max_age = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(config::CorsMaxAge(proto)).count());
  options.credentials = proto.allow_credentials();
  return std::make_unique<const policy::Cors>(std::move(options));
}

policy::ErrorPages PagesOf(const v1::Route& route, Problems& problems) {
  policy::ErrorPages out;
  for (int i = 0; i < route.error_pages_size(); ++i) {
    const v1::ErrorPage& proto = route.error_pages(i);
    auto page = std::make_shared<policy::ErrorPage>();
    page->content_type = proto.content_type().empty() ? std::string(config::kDefaultPageType) : proto.content_type();
    page->body = problems.Take(ValueTemplate::Parse(proto.body(), ValueTemplate::Use::kPage), fmt::format("spec.error_pages[{}].body", i));
    for (const std::uint32_t status : proto.statuses()) out.Add(static_cast<std::uint16_t>(status), page);
  }
  return out;
}

policy::Coding CodingOf(int coding) {
  switch (coding) {
    case v1::CODING_GZIP:
      return policy::Coding::kGzip;
    case v1::CODING_BROTLI:
      return policy::Coding::kBrotli;
    case v1::CODING_ZSTD:
      return policy::Coding::kZstd;
    default:
      return policy::Coding::kIdentity;
  }
}

std::unique_ptr<const policy::Compression> CompressionOf(const v1::Compression& proto) {
  policy::Compression::Options options;
  for (const int coding : proto.codings()) options.codings.push_back(CodingOf(coding));
  if (options.codings.empty()) options.codings = {policy::Coding::kZstd, policy::Coding::kBrotli, policy::Coding::kGzip};
  options.content_types.assign(proto.content_types().begin(), proto.content_types().end());
  if (options.content_types.empty()) {
    options.content_types = {"text/*",           "application/json",     "application/javascript", "application/xml",
                             "application/wasm", "application/x-ndjson", "image/svg+xml",          "+json",
                             "+xml"};
  }
  options.min_bytes = config::CompressionMinBytes(proto);
  options.max_streams = config::CompressionStreams(proto);
  return std::make_unique<const policy::Compression>(std::move(options));
}

stats::Gcra RateOf(const v1::RateLimit& limit) {
  return stats::Gcra::Of(config::RateRequests(limit), config::RatePer(limit).count(), config::RateBurst(limit));
}

// A limiter that did not change goes on counting where it is.
void SetLimiters(const v1::Route& route, KeptLimiters& kept, RoutePolicies& out) {
  const std::string route_bytes = route.has_rate_limit() ? route.rate_limit().SerializeAsString() : std::string();
  if (!route.has_rate_limit()) {
    kept.route = nullptr;
  } else if (kept.route == nullptr || kept.route_bytes != route_bytes) {
    kept.route = std::make_shared<policy::RouteLimiter>(RateOf(route.rate_limit()));
  }
  kept.route_bytes = route_bytes;
  const std::string client_bytes = route.has_client_rate_limit() ? route.client_rate_limit().SerializeAsString() : std::string();
  if (!route.has_client_rate_limit()) {
    kept.client = nullptr;
  } else if (kept.client == nullptr || kept.client_bytes != client_bytes) {
    const v1::RateLimit& limit = route.client_rate_limit();
    kept.client = std::make_shared<policy::ClientLimiter>(RateOf(limit), config::RateClients(limit), SecureSeed());
  }
  kept.client_bytes = client_bytes;
  out.route_limiter = kept.route;
  out.client_limiter = kept.client;
}

bool UsesRequestId(const RoutePolicies& policies) {
  constexpr auto kId = rules::Variable::kRequestId;
  const bool direct = policies.direct_response && HeaderChanges{{}, policies.direct_response->headers, {}}.Uses(kId);
  return direct || (policies.request_headers && policies.request_headers->Uses(kId)) ||
         (policies.response_headers && policies.response_headers->Uses(kId)) || policies.error_pages.Uses(kId);
}

}  // namespace

std::shared_ptr<const RoutePolicies> BuildPolicies(const v1::Route& route, KeptLimiters& limits, Problems& problems) {
  auto out = std::make_shared<RoutePolicies>();
  if (route.has_access()) {
    out->access = std::make_unique<const policy::Access>(NetworksOf(route.access().allow(), "spec.access.allow", problems),
                                                         NetworksOf(route.access().deny(), "spec.access.deny", problems));
  }
  if (route.has_cors()) out->cors = CorsOf(route.cors());
  SetLimiters(route, limits, *out);
  if (route.has_redirect()) out->redirect = RedirectOf(route.redirect());
  if (route.has_direct_response()) out->direct_response = DirectOf(route.direct_response(), problems);
  if (route.has_rewrite()) out->rewrite = RewriteOf(route.rewrite(), problems);
  if (route.has_request_headers()) out->request_headers = HeadersOf(route.request_headers(), "spec.request_headers", problems);
  if (route.has_mirror()) {
    out->mirror = std::make_unique<const policy::Mirror>(config::MirrorShare(route.mirror()), config::MirrorBodyBytes(route.mirror()));
  }
  out->error_pages = PagesOf(route, problems);
  if (route.has_security_headers()) out->security_headers = SecurityOf(route.security_headers());
  if (route.has_response_headers()) out->response_headers = HeadersOf(route.response_headers(), "spec.response_headers", problems);
  if (route.has_compression()) out->compression = CompressionOf(route.compression());
  out->uses_request_id = UsesRequestId(*out);
  return out->empty() ? nullptr : out;
}

}  // namespace switchyard::agent::snapshot
