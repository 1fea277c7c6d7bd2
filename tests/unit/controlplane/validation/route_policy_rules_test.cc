// Goal: every bound of a route's conditions and policies holds, with the right field path and a reason that helps.
// Method: tables of changes to a route in order.
#include "controlplane/validation/route_policy_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Base() { return MakeResource("name: 'shop' route { listeners: 'web' forward { upstreams { upstream: 'shop' } } }"); }
v1::Resource Answering() { return MakeResource("name: 'shop' route { listeners: 'web' direct_response { status: 200 } }"); }
v1::Resource Redirecting() { return MakeResource("name: 'shop' route { listeners: 'web' hosts: 'a.example' redirect { scheme: 'https' } }"); }
std::string R(const std::string& text) { return "route { " + text + " }"; }
std::string M(const std::string& text) { return R("matches { " + text + " }"); }

TEST(MatchRules, RegexesAreWellFormedAndCheap) {
  ExpectRules(Base(), {{M("path { regex: '/v[0-9]+/.*' }"), "", ""},
                       {M("path { regex: '(' }"), "spec.matches[0].path.regex", "not a regular expression (RE2 syntax)"},
                       {M("path { regex: '' }"), "spec.matches[0].path.regex", "is empty"},
                       {M("path { regex: '((a{100}){3}[b-y]{300}[c-z]{300}){3}' }"), "spec.matches[0].path.regex", "too costly"},
                       {M("headers { name: 'x' regex: '[' }"), "spec.matches[0].headers[0].regex", "not a regular expression"},
                       {M("query { name: 'x' regex: '[' }"), "spec.matches[0].query[0].regex", "not a regular expression"},
                       {M("cookies { name: 'x' regex: 'a+' }"), "", ""}});
}

TEST(MatchRules, TemplatesParametersGrpcAndSources) {
  ExpectRules(Base(), {{M("path { template: '/users/{id}/**' }"), "", ""},
                       {M("path { template: '/a*' }"), "spec.matches[0].path.template", "within a segment"},
                       {M("path { template: 'a' }"), "spec.matches[0].path.template", "does not start with '/'"},
                       {M("query { name: '' present: true }"), "spec.matches[0].query[0].name", "is missing"},
                       {M("query { name: 'v' }"), "spec.matches[0].query[0]", "has no condition"},
                       {M("cookies { name: 'v' exact: '1' invert: true }"), "", ""},
                       {M("grpc { service: 'shop.v1.Orders' method: 'Place' }"), "", ""},
                       {M("grpc { service: 'shop/v1' }"), "spec.matches[0].grpc.service", "full service name"},
                       {M("grpc { method: 'a.b' }"), "spec.matches[0].grpc.method", "method name"},
                       {M("path { prefix: '/' } grpc { }"), "spec.matches[0].grpc", "together with `path`"},
                       {M("sources: '10.0.0.0/8' sources: '2001:db8::/32'"), "", ""},
                       {M("sources: '10.0.0.1/8'"), "spec.matches[0].sources[0]", "behind its prefix"},
                       {M("sources: 'example.com'"), "spec.matches[0].sources[0]", "expected an address or a network"},
                       {M(Repeated(65, "sources: '10.0.0.#'")), "spec.matches[0].sources", "at most 64"}});
}

TEST(RedirectRules, LeadSomewhereElse) {
  ExpectRules(Redirecting(), {{"", "", ""},
                              {R("redirect { scheme: 'ftp' }"), "spec.redirect.scheme", "http or https"},
                              {R("redirect { host: 'a:1' }"), "spec.redirect.host", "without port"},
                              {R("redirect { port: 70000 }"), "spec.redirect.port", "1 to 65535"},
                              {R("redirect { status: 200 }"), "spec.redirect.status", "301, 302, 303, 307 or 308"},
                              {R("redirect { whole_path: 'x' }"), "spec.redirect.whole_path", "starts with '/'"},
                              {R("redirect { prefix: '/x' } matches { path { exact: '/a' } }"), "spec.redirect.prefix", "not by prefix"},
                              {R("rewrite { host: 'x' }"), "spec.rewrite", "no meaning without `forward`"},
                              {R("mirror { upstream: 'x' }"), "spec.mirror", "no meaning without `forward`"},
                              {R("request_headers { }"), "spec.request_headers", "no meaning without `forward`"}});
  v1::Resource back = Redirecting();
  back.mutable_route()->mutable_redirect()->clear_scheme();
  ExpectRules(back, {{"", "spec.redirect", "leads back"},
                     {R("redirect { host: 'a.example' }"), "spec.redirect", "leads back"},
                     {R("redirect { host: 'b.example' }"), "", ""},
                     {R("redirect { whole_path: '/x' } matches { path { exact: '/x' } }"), "spec.redirect", "leads back"},
                     {R("redirect { whole_path: '/x' } matches { path { exact: '/y' } }"), "", ""},
                     {R("redirect { prefix: '/x' } matches { path { prefix: '/x' } }"), "spec.redirect", "leads back"}});
}

TEST(DirectResponseRules, AreBounded) {
  ExpectRules(Answering(), {{R("direct_response { body: 'hello' headers { name: 'x' value: '%path%' } }"), "", ""},
                            {R("direct_response { status: 199 }"), "spec.direct_response.status", "200 to 599"},
                            {R("direct_response { status: 204 body: 'x' }"), "spec.direct_response.body", "has none"},
                            {R("direct_response { body: '" + std::string(65'537, 'x') + "' }"), "spec.direct_response.body", "at most 65536"},
                            {R("direct_response { headers { name: 'content-length' } }"), "spec.direct_response.headers[0].name", "frames messages"}});
}

TEST(RewriteRules, ChangeSomethingInOneWay) {
  ExpectRules(Base(), {{R("rewrite { prefix: '/x' }"), "", ""},
                       {R("rewrite { host: 'inner.example:8080' }"), "", ""},
                       {R("rewrite { regex { pattern: '/a/(.*)' substitution: '/\\\\1' } }"), "", ""},
                       {R("rewrite { }"), "spec.rewrite", "changes nothing"},
                       {R("rewrite { host: 'a b' }"), "spec.rewrite.host", "host name"},
                       {R("rewrite { host: 'a:x' }"), "spec.rewrite.host", "host name"},
                       {R("rewrite { whole_path: '/a/../b' }"), "spec.rewrite.whole_path", "no request can match"},
                       {R("rewrite { prefix: '/x' } matches { path { regex: '/a' } }"), "spec.rewrite.prefix", "not by prefix"},
                       {R("rewrite { regex { pattern: '(' } }"), "spec.rewrite.regex.pattern", "not a regular expression"},
                       {R("rewrite { regex { pattern: 'a' substitution: '\\\\1' } }"), "spec.rewrite.regex.substitution", "does not fit"}});
}

TEST(HeaderRules, NamesAndVariables) {
  const auto set = [](const std::string& text) { return R("request_headers { set { " + text + " } }"); };
  ExpectRules(Base(), {{set("name: 'X-A' value: '%client_ip%-%%'"), "", ""},
                       {set("name: '' value: 'x'"), "spec.request_headers.set[0].name", "is missing"},
                       {set("name: 'a b' value: 'x'"), "spec.request_headers.set[0].name", "name of a header"},
                       {set("name: 'Host' value: 'x'"), "spec.request_headers.set[0].name", "`rewrite.host` changes"},
                       {set("name: 'Transfer-Encoding' value: 'x'"), "spec.request_headers.set[0].name", "frames messages"},
                       {set("name: 'a' value: '%nope%'"), "spec.request_headers.set[0].value", "which is not one of %client_ip%"},
                       {set("name: 'a' value: '5%'"), "spec.request_headers.set[0].value", "without its second"},
                       {set("name: 'a' value: 'x\\r\\ny'"), "spec.request_headers.set[0].value", "no header can hold"},
                       {R("response_headers { remove: 'Connection' }"), "spec.response_headers.remove[0]", "frames messages"},
                       {R("response_headers { " + Repeated(33, "remove: 'x-#'") + " }"), "spec.response_headers.remove", "at most 32"}});
}

TEST(RewriteRules, TheNewPathIsOneThatAgentsLetThrough) {
  ExpectRules(Base(), {{R("rewrite { whole_path: '/100%25' }"), "", ""},
                       {R("rewrite { whole_path: '/100%' }"), "spec.rewrite.whole_path", "written %25"},
                       {R("rewrite { whole_path: '/a%2Fb' }"), "spec.rewrite.whole_path", "an encoded '/'"},
                       {R("rewrite { prefix: '/%2e%2e' }"), "spec.rewrite.prefix", "'..' segments"}});
  // Another server may take what agents do not.
  v1::Resource away = Redirecting();
  ExpectRules(away, {{R("redirect { whole_path: '/a%2Fb' }"), "", ""}, {R("redirect { whole_path: '/100%' }"), "spec.redirect.whole_path", "written %25"}});
}

TEST(MirrorRules, ShareAndSize) {
  ExpectRules(Base(), {{R("mirror { upstream: 'x' percent: 0.5 max_body_bytes: 0 }"), "", ""},
                       {R("mirror { upstream: '' }"), "spec.mirror.upstream", "is missing"},
                       {R("mirror { upstream: 'x' percent: 100.1 }"), "spec.mirror.percent", "0 to 100"},
                       {R("mirror { upstream: 'x' percent: nan }"), "spec.mirror.percent", "0 to 100"},
                       {R("mirror { upstream: 'x' max_body_bytes: 1048577 }"), "spec.mirror.max_body_bytes", "1048576"}});
}

TEST(CorsRules, OriginsAreOrigins) {
  const auto cors = [](const std::string& text) { return R("cors { " + text + " }"); };
  ExpectRules(Base(), {{cors("allow_origins: 'https://a.example' allow_origins: 'https://*.b.example:8443' allow_credentials: true"), "", ""},
                       {cors("allow_origins: '*'"), "", ""},
                       {cors(""), "spec.cors.allow_origins", "at least one origin"},
                       {cors("allow_origins: 'a.example'"), "spec.cors.allow_origins[0]", "expected an origin"},
                       {cors("allow_origins: 'https://a.example/'"), "spec.cors.allow_origins[0]", "expected an origin"},
                       {cors("allow_origins: '*' allow_credentials: true"), "spec.cors.allow_origins[0]", "name the origins"},
                       {cors("allow_origins: '*' allow_methods: 'get'"), "spec.cors.allow_methods[0]", "upper case"},
                       {cors("allow_origins: '*' allow_headers: 'a b'"), "spec.cors.allow_headers[0]", "name of a header"},
                       {cors("allow_origins: '*' max_age { seconds: 86401 }"), "spec.cors.max_age", "1d"}});
}

TEST(ErrorPageRules, OnePagePerStatus) {
  const auto page = [](const std::string& text) { return R("error_pages { " + text + " }"); };
  ExpectRules(Base(), {{page("statuses: 502 statuses: 503 body: '<h1>%status%</h1>'"), "", ""},
                       {page("body: 'x'"), "spec.error_pages[0].statuses", "at least one status"},
                       {page("statuses: 200"), "spec.error_pages[0].statuses[0]", "400 to 599"},
                       {page("statuses: 502 statuses: 502"), "spec.error_pages[0].statuses[1]", "a second time"},
                       {page("statuses: 502 body: '%path%'"), "spec.error_pages[0].body", "not one of %request_id%"},
                       {page("statuses: 502 body: '" + std::string(65'537, 'x') + "'"), "spec.error_pages[0].body", "at most 65536"}});
}

TEST(CompressionRules, CodingsAndTypes) {
  const auto compression = [](const std::string& text) { return R("compression { " + text + " }"); };
  ExpectRules(Base(), {{compression(""), "", ""},
                       {compression("codings: CODING_GZIP content_types: 'text/*' content_types: '+json' min_bytes: 0"), "", ""},
                       {compression("codings: CODING_UNSPECIFIED"), "spec.compression.codings[0]", "is no coding"},
                       {compression("codings: CODING_GZIP codings: CODING_GZIP"), "spec.compression.codings[1]", "a second time"},
                       {compression("content_types: 'text'"), "spec.compression.content_types[0]", "expected a type"},
                       {compression("content_types: '*/*'"), "spec.compression.content_types[0]", "expected a type"},
                       {compression("max_streams: 100001"), "spec.compression.max_streams", "100000"}});
}

TEST(AccessRules, NetworksStandOnOneSide) {
  ExpectRules(Base(), {{R("access { allow: '10.0.0.0/8' deny: '10.1.0.0/16' }"), "", ""},
                       {R("access { allow: '10.0.0.0/33' }"), "spec.access.allow[0]", "prefix length"},
                       {R("access { allow: '10.0.0.0/8' deny: '10.0.0.0/8' }"), "spec.access.deny[0]", "names too"}});
}

TEST(RateRules, AreBounded) {
  ExpectRules(Base(), {{R("rate_limit { requests: 100 per { seconds: 60 } burst: 10 }"), "", ""},
                       {R("client_rate_limit { requests: 5 max_clients: 64 }"), "", ""},
                       {R("rate_limit { }"), "spec.rate_limit.requests", "1 to 1000000000"},
                       {R("rate_limit { requests: 1 burst: 0 }"), "spec.rate_limit.burst", "1"},
                       {R("rate_limit { requests: 1 per { seconds: 86401 } }"), "spec.rate_limit.per", "1d"},
                       {R("rate_limit { requests: 1 max_clients: 100 }"), "spec.rate_limit.max_clients", "`client_rate_limit`"},
                       {R("client_rate_limit { requests: 1 max_clients: 63 }"), "spec.client_rate_limit.max_clients", "64"}});
}

TEST(TimeoutRules, OfWholeRequestsAndStreams) {
  ExpectRules(Base(), {{R("timeouts { request { seconds: 30 } max_stream { seconds: 3600 } }"), "", ""},
                       {R("timeouts { request { seconds: 86401 } }"), "spec.timeouts.request", "1d"},
                       {R("timeouts { max_stream { nanos: 1000 } }"), "spec.timeouts.max_stream", "10ms"}});
}

}  // namespace
}  // namespace switchyard::controlplane::validation
