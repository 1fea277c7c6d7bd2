// Goal: every bound in listener.proto holds at its edges and one beyond, with the right field path.
// Method: tables of changes to a listener in order.
#include "controlplane/validation/listener_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Base() { return MakeResource("name: 'web' listener { port: 8080 }"); }
std::string L(const std::string& text) { return "listener { " + text + " }"; }
std::string H(const std::string& text) { return L("http { " + text + " }"); }

TEST(ListenerRules, PortIsOneToSixtyFiveThousand) {
  ExpectRules(Base(),
              {{L("port: 1"), "", ""}, {L("port: 65535"), "", ""}, {L("port: 65536"), "spec.port", "is 65536; expected 1 to 65535"}});
  v1::Resource portless = Base();
  portless.mutable_listener()->clear_port();
  ExpectRule(portless, {"", "spec.port", "missing or 0"});
}

TEST(ListenerRules, AddressIsAnIpLiteral) {
  ExpectRules(Base(), {{L("address: '0.0.0.0'"), "", ""},
                       {L("address: '::'"), "", ""},
                       {L("address: '127.0.0.1'"), "", ""},
                       {L("address: 'fd00::1'"), "", ""},
                       {L("address: 'localhost'"), "spec.address", "not an IP address"},
                       {L("address: '[::1]'"), "spec.address", "not an IP address"},
                       {L("address: '10.0.0.1:80'"), "spec.address", "not an IP address"},
                       {L("address: '10.0.0.256'"), "spec.address", "not an IP address"},
                       {L("address: '::ffff:10.0.0.1'"), "spec.address", "write it as IPv4"}});
}

TEST(ListenerRules, SelectorHasAtMostSixteenLabels) {
  const std::string label = "agents { match_labels { key: 'k#' value: 'v' } }";
  ExpectRules(Base(), {{L(Repeated(16, label)), "", ""},
                       {L(Repeated(17, label)), "spec.agents.match_labels", "17 labels; at most 16"},
                       {L("agents { match_labels { key: 'a b' value: 'v' } }"), "spec.agents.match_labels[a b]", "\"a b\""}});
}

std::string Log(const std::string& text) { return L("access_log { " + text + " }"); }

TEST(ListenerRules, AccessLogHasBounds) {
  ExpectRules(Base(), {{Log(""), "", ""},
                       {Log("percent: 0"), "", ""},
                       {Log("percent: 100"), "", ""},
                       {Log("percent: -0.1"), "spec.access_log.percent", "is -0.1; expected 0 to 100"},
                       {Log("percent: 100.1"), "spec.access_log.percent", "expected 0 to 100"},
                       {Log("percent: nan"), "spec.access_log.percent", "expected 0 to 100"},
                       {Log("slow { nanos: 1000000 }"), "", ""},
                       {Log("slow { nanos: 999999 }"), "spec.access_log.slow", "1ms"},
                       {Log("slow { seconds: 3601 }"), "spec.access_log.slow", "1h"},
                       {Log(Repeated(16, "request_headers: 'x-#' ")), "", ""},
                       {Log(Repeated(17, "request_headers: 'x-#' ")), "spec.access_log.request_headers", "at most 16"},
                       {Log(Repeated(17, "response_headers: 'x-#' ")), "spec.access_log.response_headers", "at most 16"},
                       {Log(Repeated(32, "redacted_headers: 'x-#' ")), "", ""},
                       {Log(Repeated(33, "redacted_headers: 'x-#' ")), "spec.access_log.redacted_headers", "at most 32"},
                       {Log("request_headers: 'user agent'"), "spec.access_log.request_headers[0]", "user agent"}});
}

TEST(ListenerRules, UnknownEnumNumbersAreRefused) {
  v1::Resource protocol = Base();
  protocol.mutable_listener()->set_protocol(static_cast<v1::ListenerProtocol>(9));
  ExpectRule(protocol, {"", "spec.protocol", "expected one of"});
  v1::Resource window = Base();
  window.mutable_listener()->mutable_http()->mutable_http2()->set_connection_window(100'000);
  ExpectRule(window, {"", "spec.http.http2.connection_window", "less than stream_window"});
  v1::Resource streams = Base();
  streams.mutable_listener()->mutable_http()->mutable_http2()->set_max_concurrent_streams(10'001);
  ExpectRule(streams, {"", "spec.http.http2.max_concurrent_streams", "10000"});
  v1::Resource forwarded = Base();
  forwarded.mutable_listener()->mutable_http()->set_forwarded(static_cast<v1::ForwardedMode>(4));
  ExpectRule(forwarded, {"", "spec.http.forwarded", "REPLACE"});
}

TEST(ListenerRules, CountsOfHttpHaveBounds) {
  ExpectRules(Base(), {{H("max_head_bytes: 0"), "", ""},
                       {H("max_head_bytes: 1023"), "spec.http.max_head_bytes", "is 1023; expected 1024 to 262144"},
                       {H("max_head_bytes: 1024"), "", ""},
                       {H("max_head_bytes: 262144"), "", ""},
                       {H("max_head_bytes: 262145"), "spec.http.max_head_bytes", "262145"},
                       {H("max_headers: 7"), "spec.http.max_headers", "8 to 1000"},
                       {H("max_headers: 8"), "", ""},
                       {H("max_headers: 1000"), "", ""},
                       {H("max_headers: 1001"), "spec.http.max_headers", "1001"},
                       {H("max_target_bytes: 63"), "spec.http.max_target_bytes", "64 to 65536"},
                       {H("max_target_bytes: 64"), "", ""},
                       {H("max_target_bytes: 65536 max_head_bytes: 65536"), "", ""},
                       {H("max_target_bytes: 65537 max_head_bytes: 262144"), "spec.http.max_target_bytes", "65537"},
                       {H("max_connections: 1"), "", ""},
                       {H("max_connections: 1000000"), "", ""},
                       {H("max_connections: 1000001"), "spec.http.max_connections", "1 to 1000000"},
                       {H("max_body_bytes: 0"), "", ""},
                       {H("max_body_bytes: 18446744073709551615"), "", ""},
                       {H("max_requests_per_connection: 4294967295"), "", ""}});
}

TEST(ListenerRules, TargetFitsIntoTheHead) {
  ExpectRules(Base(), {{H("max_target_bytes: 32768"), "", ""},
                       {H("max_target_bytes: 32769"), "spec.http.max_target_bytes", "more than max_head_bytes, 32768"},
                       {H("max_target_bytes: 1025 max_head_bytes: 1024"), "spec.http.max_target_bytes", "1024"},
                       {H("max_head_bytes: 1024"), "", ""}});
}

TEST(ListenerRules, TimesOfHttpHaveBounds) {
  const auto time = [](const std::string& field, int seconds, int nanos) {
    return H(field + " { seconds: " + std::to_string(seconds) + " nanos: " + std::to_string(nanos) + " }");
  };
  for (const auto& [field, most] :
       {std::pair("head_timeout", 300), std::pair("keep_alive_timeout", 3600), std::pair("body_idle_timeout", 3600)}) {
    const std::string path = std::string("spec.http.") + field;
    ExpectRules(Base(), {{time(field, 0, 100'000'000), "", ""},
                         {time(field, 0, 99'999'999), path, "expected 100ms to"},
                         {time(field, most, 0), "", ""},
                         {time(field, most, 1), path, "leave it out"},
                         {time(field, 0, 0), path, "is 0s"},
                         {time(field, -1, 0), path, "is -1s"},
                         {time(field, 1, -5), path, "no duration"},
                         {time(field, 0, 1'000'000'000), path, "no duration"}});
  }
}

TEST(ListenerRules, ViaIsAToken) {
  ExpectRules(Base(), {{H("via: 'edge-1'"), "", ""},
                       {H("via: '" + std::string(63, 'v') + "'"), "", ""},
                       {H("via: '" + std::string(64, 'v') + "'"), "spec.http.via", "64 characters"},
                       {H("via: 'a b'"), "spec.http.via", "token"},
                       {H("via: 'a\\r\\nx: y'"), "spec.http.via", "token"}});
}

}  // namespace
}  // namespace switchyard::controlplane::validation
