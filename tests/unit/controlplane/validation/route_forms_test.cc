// Goal: a route that its listeners cannot serve is refused, with the field and what to do. Method: catalogs of a listener of each protocol and
// one route that differs in one thing; fields of listeners, upstreams and discovery that belong together.
#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Listener(const std::string& name, const std::string& spec) {
  static int port = 1000;
  return MakeResource("name: '" + name + "' listener { port: " + std::to_string(++port) + " " + spec + " }");
}

const std::string kForward = " forward { upstreams { upstream: 'u' } } ";

std::string Violations(const std::vector<v1::Resource>& routes) {
  std::vector<v1::Resource> all = routes;
  all.push_back(Listener("web", ""));
  all.push_back(Listener("tcp", "protocol: LISTENER_PROTOCOL_TCP"));
  all.push_back(Listener("tls", "protocol: LISTENER_PROTOCOL_TLS_PASSTHROUGH"));
  all.push_back(MakeResource("name: 'u' upstream { }"));
  config::ViolationList found;
  ValidateCatalog(MakeCatalog(all), {}, WallTime(), found);
  return AllText(found);
}

v1::Resource Route(const std::string& spec, const std::string& name = "r") {
  return MakeResource("name: '" + name + "' route { " + spec + kForward + " }");
}

TEST(RouteForms, TakesWhatEachProtocolCanServe) {
  EXPECT_EQ(Violations({Route("listeners: 'tcp' timeouts { idle { seconds: 60 } }")}), "");
  EXPECT_EQ(Violations({Route("listeners: 'tls' matches { sni: 'a.example.com' } matches { sni: '*.b.example.com' }"), Route("listeners: 'tls'", "s")}), "");
  EXPECT_EQ(Violations({Route("listeners: 'web' hosts: 'a' matches { path { prefix: '/' } }")}), "");
}

TEST(RouteForms, RefusesHttpWhereBytesPassUnread) {
  EXPECT_NE(Violations({Route("listeners: 'tcp' hosts: 'a'")}).find("spec.hosts"), std::string::npos);
  EXPECT_NE(Violations({Route("listeners: 'tcp' timeouts { response { seconds: 1 } }")}).find("spec.timeouts.response"), std::string::npos);
  EXPECT_NE(Violations({Route("listeners: 'tcp' matches { path { prefix: '/' } }")}).find("spec.matches[0].path"), std::string::npos);
  EXPECT_NE(Violations({Route("listeners: 'tls' matches { methods: 'GET' }")}).find("spec.matches[0].methods"), std::string::npos);
  EXPECT_NE(Violations({Route("listeners: 'tcp' matches { sni: 'a' }")}).find("spec.matches[0].sni: needs a hello"), std::string::npos)
      << Violations({Route("listeners: 'tcp' matches { sni: 'a' }")});
}

TEST(RouteForms, RefusesServerNamesOnHttp) {
  EXPECT_NE(Violations({Route("listeners: 'web' matches { sni: 'a.example.com' }")}).find("use `hosts`"), std::string::npos);
}

TEST(RouteForms, RefusesMixedListenersAndASecondRouteOfTcp) {
  EXPECT_NE(Violations({Route("listeners: 'web' listeners: 'tcp'")}).find("give each its own route"), std::string::npos);
  EXPECT_NE(Violations({Route("listeners: 'tcp'", "a"), Route("listeners: 'tcp'", "b")}).find("Route \"a\" serves already"), std::string::npos);
}

TEST(TunnelRules, OptionsFitTheProtocol) {
  const v1::Resource web = MakeResource("name: 'l' listener { port: 80 }");
  const v1::Resource tcp = MakeResource("name: 'l' listener { port: 80 protocol: LISTENER_PROTOCOL_TCP }");
  ExpectRules(web, {{"listener { tcp { } }", "spec.tcp", "protocol is HTTP"},
                    {"listener { proxy_protocol { } }", "spec.proxy_protocol.trusted_sources", "is empty"},
                    {"listener { proxy_protocol { mode: PROXY_PROTOCOL_MODE_OFF } }", "", ""},
                    {"listener { proxy_protocol { trusted_sources: '10.0.0.0/8' trusted_sources: '::1' } }", "", ""},
                    {"listener { proxy_protocol { trusted_sources: '10.0.0.1/8' } }", "spec.proxy_protocol.trusted_sources[0]", "10.0.0.1/8"},
                    {"listener { proxy_protocol { trusted_sources: '::1' timeout { seconds: 61 } } }", "spec.proxy_protocol.timeout", "expected 100ms to 1m"},
                    {"listener { socket { keepalive { count: 21 } } }", "spec.socket.keepalive.count", "expected 1 to 20"},
                    {"listener { socket { user_timeout { nanos: 1000 } } }", "spec.socket.user_timeout", "expected 1s to 1h"}});
  ExpectRules(tcp, {{"listener { tcp { max_duration { seconds: 3600 } } }", "", ""},
                    {"listener { tcp { max_duration { } } }", "spec.tcp.max_duration", "leave it out for no limit"},
                    {"listener { tcp { max_connections: 2000000 } }", "spec.tcp.max_connections", "1000000"},
                    {"listener { http { } }", "spec.http", "protocol is TCP"}});
}

TEST(TunnelRules, NamesOfHellosAreNames) {
  const v1::Resource route = MakeResource("name: 'r' route { listeners: 'l' " + kForward + " matches { } }");
  ExpectRules(route, {{"route { matches { sni: 'a.example.com' sni: '*.example.com' } }", "", ""},
                      {"route { matches { sni: '*' } }", "spec.matches[1].sni[0]", "leave `sni` empty"},
                      {"route { matches { sni: 'a b' } }", "spec.matches[1].sni[0]", "expected a server name"},
                      {"route { matches { sni: 'a' sni: 'A' } }", "spec.matches[1].sni[1]", "a second time"}});
}

TEST(DiscoveryRules, HaveOneSourceWithItsFields) {
  const v1::Resource upstream = MakeResource("name: 'u' upstream { }");
  const std::string dns = "upstream { discovery { dns { name: 'api.example.com' ";
  ExpectRules(upstream,
              {{dns + "port: 80 } } }", "", ""},
               {dns + "} } }", "spec.discovery.dns.port", "is missing"},
               {dns + "port: 70000 } } }", "spec.discovery.dns.port", "expected 1 to 65535"},
               {dns + "record: DNS_RECORD_SRV } } }", "", ""},
               {dns + "record: DNS_RECORD_SRV port: 1 } } }", "spec.discovery.dns.port", "records give the port"},
               {dns + "port: 80 min_ttl { seconds: 60 } max_ttl { seconds: 30 } } } }", "spec.discovery.dns.max_ttl", "less than min_ttl"},
               {dns + "port: 80 resolvers: '10.0.0.1' resolvers: '[::1]:53' } } }", "", ""},
               {dns + "port: 80 resolvers: 'ns1' } } }", "spec.discovery.dns.resolvers[0]", "expected IP or IP:port"},
               {"upstream { discovery { dns { name: '10.0.0.1' port: 80 } } }", "spec.discovery.dns.name", "an address"},
               {"upstream { discovery { dns { name: 'a b' port: 80 } } }", "spec.discovery.dns.name", "expected a DNS name"},
               {"upstream { discovery { } }", "spec.discovery", "has no source"},
               {"upstream { discovery { file { path: '/etc/endpoints.yaml' } } }", "", ""},
               {"upstream { discovery { file { path: 'endpoints.yaml' } } }", "spec.discovery.file.path", "absolute path"},
               {"upstream { discovery { kubernetes { service: 'app' } } }", "", ""},
               {"upstream { discovery { kubernetes { namespace: 'shop' service: 'app' port: 'http' } } }", "", ""},
               {"upstream { discovery { kubernetes { service: 'app' port: '8080' } } }", "", ""},
               {"upstream { discovery { kubernetes { } } }", "spec.discovery.kubernetes.service", "is missing"},
               {"upstream { discovery { kubernetes { service: 'app.shop' } } }", "spec.discovery.kubernetes.service", "at most 63 of [a-z0-9-]"},
               {"upstream { discovery { kubernetes { service: 'app' namespace: 'Shop' } } }", "spec.discovery.kubernetes.namespace", "name of a namespace"},
               {"upstream { discovery { kubernetes { service: 'app' port: '70000' } } }", "spec.discovery.kubernetes.port", "expected 1 to 65535"},
               {"upstream { discovery { kubernetes { service: 'app' port: '0' } } }", "spec.discovery.kubernetes.port", "expected 1 to 65535"},
               {"upstream { discovery { kubernetes { service: 'app' port: 'a/b' } } }", "spec.discovery.kubernetes.port", "or a number"},
               {"upstream { discovery { kubernetes { service: 'app' } } backends { address: '10.0.0.1:80' } }", "spec.backends", "beside `discovery`"},
               {"upstream { discovery { file { path: '/e' } } backends { address: '10.0.0.1:80' } }", "spec.backends", "beside `discovery`"}});
}

TEST(PoolRules, AgeAndWarmUpHaveTheirBounds) {
  const v1::Resource upstream = MakeResource("name: 'u' upstream { }");
  ExpectRules(upstream, {{"upstream { pool { max_age { seconds: 60 } min_idle_per_backend: 4 } }", "", ""},
                         {"upstream { pool { max_age { } } }", "spec.pool.max_age", "leave it out for no limit"},
                         {"upstream { pool { min_idle_per_backend: 1001 } }", "spec.pool.min_idle_per_backend", "at most 1000"},
                         {"upstream { pool { min_idle_per_backend: 200 } }", "spec.pool.min_idle_per_backend", "more than max_idle_per_backend"},
                         {"upstream { proxy_protocol: PROXY_PROTOCOL_VERSION_V1 pool { min_idle_per_backend: 1 } }", "spec.pool.min_idle_per_backend",
                          "starts with its client"}});
}

}  // namespace
}  // namespace switchyard::controlplane::validation
