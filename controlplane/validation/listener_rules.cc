#include "controlplane/validation/listener_rules.h"

#include <fmt/format.h>

#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/config/field_words.h"
#include "controlplane/validation/header_rules.h"
#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/match_rules.h"
#include "controlplane/validation/socket_rules.h"
#include "controlplane/validation/text_rules.h"
#include "controlplane/validation/tls_rules.h"

namespace switchyard::controlplane::validation {
namespace {

void CheckAddress(const std::string& address, Findings& out) {
  if (address.empty()) return;
  const absl::StatusOr<Endpoint> endpoint = Endpoint::FromIp(address, 0);
  if (!endpoint.ok()) return out.Add("spec.address", std::string(Message(endpoint.status())));
  if (endpoint->is_v6() && endpoint->ip().starts_with("::ffff:")) {
    out.Add("spec.address", fmt::format("is {}, an IPv4 address written as IPv6, which an IPv6-only listener cannot bind; write it as IPv4",
                                        Quoted(address)));
  }
}

void CheckTargetBytes(const v1::HttpOptions& http, Findings& out) {
  CheckCount("spec.http", "max_target_bytes", http.max_target_bytes(), config::kMaxTargetBytes, out);
  if (http.max_target_bytes() <= config::MaxHeadBytes(http) || http.max_target_bytes() > config::kMaxTargetBytes.max) return;
  out.Add("spec.http.max_target_bytes",
          fmt::format("is {}, more than max_head_bytes, {}, which holds the target too; lower it or raise max_head_bytes",
                      http.max_target_bytes(), config::MaxHeadBytes(http)));
}

void CheckVia(const std::string& via, Findings& out) {
  if (via.empty() || (IsToken(via) && via.size() <= config::kMaxViaLength)) return;
  out.Add("spec.http.via", fmt::format("is {} ({} characters); expected a token (RFC 9110 section 5.6.2) of 1 to {} characters",
                                       Quoted(via), via.size(), config::kMaxViaLength));
}

void CheckHttp2(const v1::Http2Options& http2, Findings& out) {
  const Text at = "spec.http.http2";
  CheckCount(at, "max_concurrent_streams", http2.max_concurrent_streams(), config::kMaxConcurrentStreams, out);
  CheckCount(at, "stream_window", http2.stream_window(), config::kStreamWindow, out);
  CheckCount(at, "connection_window", http2.connection_window(), config::kConnectionWindow, out);
  if (http2.connection_window() != 0 && http2.connection_window() < config::StreamWindow(http2)) {
    out.Add("spec.http.http2.connection_window",
            fmt::format("is {}, less than stream_window, {}, which one request may fill; raise it or lower stream_window",
                        http2.connection_window(), config::StreamWindow(http2)));
  }
  CheckCount(at, "max_resets", http2.max_resets(), config::kMaxResets, out);
  CheckCount(at, "max_continuations", http2.max_continuations(), config::kMaxContinuations, out);
  CheckCount(at, "max_control_frames", http2.max_control_frames(), config::kMaxControlFrames, out);
  CheckTime(at, "stall_timeout", http2.has_stall_timeout(), http2.stall_timeout(), config::kStallTimeout, out);
  CheckOptional(at, "header_table_bytes", http2.has_header_table_bytes(), http2.header_table_bytes(), config::kHeaderTableBytes, out);
}

void CheckHttp(const v1::HttpOptions& http, Findings& out) {
  const Text at = "spec.http";
  CheckCount(at, "max_head_bytes", http.max_head_bytes(), config::kMaxHeadBytes, out);
  CheckCount(at, "max_headers", http.max_headers(), config::kMaxHeaders, out);
  CheckTargetBytes(http, out);
  CheckTime(at, "head_timeout", http.has_head_timeout(), http.head_timeout(), config::kHeadTimeout, out);
  CheckTime(at, "keep_alive_timeout", http.has_keep_alive_timeout(), http.keep_alive_timeout(), config::kKeepAliveTimeout, out);
  CheckTime(at, "body_idle_timeout", http.has_body_idle_timeout(), http.body_idle_timeout(), config::kBodyIdleTimeout, out);
  CheckCount(at, "max_connections", http.max_connections(), config::kMaxConnections, out);
  CheckEnum(at, "forwarded", http.forwarded(), v1::ForwardedMode_descriptor(), out);
  CheckEnum(at, "request_id", http.request_id(), v1::RequestIdMode_descriptor(), out);
  CheckVia(http.via(), out);
  CheckHttp2(http.http2(), out);
}

void CheckTcp(const v1::TcpOptions& tcp, Findings& out) {
  const Text at = "spec.tcp";
  CheckCount(at, "max_connections", tcp.max_connections(), config::kMaxConnections, out);
  CheckTime(at, "hello_timeout", tcp.has_hello_timeout(), tcp.hello_timeout(), config::kHelloTimeout, out);
  CheckLimit(at, "max_duration", tcp.has_max_duration(), tcp.max_duration(), config::kTunnelMaxDuration, out);
}

// Options of one kind of protocol on a listener of another would silently do nothing.
void CheckOptionsFit(const v1::Listener& listener, Findings& out) {
  const bool tunnel = config::IsTunnel(listener);
  const std::string word = config::EnumWord(*v1::ListenerProtocol_descriptor(), config::Protocol(listener));
  if (tunnel && listener.has_http()) out.Add("spec.http", fmt::format("is for HTTP, but protocol is {}; leave it out, or use `tcp`", word));
  if (tunnel && listener.has_tls()) out.Add("spec.tls", fmt::format("ends TLS here, but protocol is {}, which passes bytes on unread; leave it out", word));
  if (!tunnel && listener.has_tcp()) {
    out.Add("spec.tcp", fmt::format("is for TCP and TLS_PASSTHROUGH, but protocol is {}; leave it out, or use `http`", word));
  }
}

void CheckProxyProtocol(const v1::ProxyProtocolIn& proxy, Findings& out) {
  const Text at = "spec.proxy_protocol";
  CheckEnum(at, "mode", proxy.mode(), v1::ProxyProtocolMode_descriptor(), out);
  CheckTime(at, "timeout", proxy.has_timeout(), proxy.timeout(), config::kProxyHeaderTimeout, out);
  CheckNetworks(std::string(at), "trusted_sources", proxy.trusted_sources(), config::kMaxTrustedSources, out);
  if (!proxy.trusted_sources().empty() || proxy.mode() == v1::PROXY_PROTOCOL_MODE_OFF) return;
  out.Add(At(at, "trusted_sources"),
          "is empty; expected the addresses of the proxies in front, such as 10.0.0.0/8, because whoever is trusted can claim to be any client");
}

void CheckAccessLog(const v1::AccessLog& log, Findings& out) {
  const std::string at = "spec.access_log";
  if (log.has_percent() && !(log.percent() >= 0 && log.percent() <= config::kMaxPercent)) {
    out.Add(At(at, "percent"), fmt::format("is {}; expected 0 to 100", log.percent()));
  }
  CheckLimit(at, "slow", log.has_slow(), log.slow(), config::kAccessLogSlow, out);
  CheckHeaderNames(at, "request_headers", log.request_headers(), config::kMaxLoggedHeaders, out);
  CheckHeaderNames(at, "response_headers", log.response_headers(), config::kMaxLoggedHeaders, out);
  CheckHeaderNames(at, "redacted_headers", log.redacted_headers(), config::kMaxRedactedHeaders, out);
}

}  // namespace

void CheckListener(const v1::Listener& listener, Findings& out) {
  CheckAddress(listener.address(), out);
  if (listener.port() == 0) {
    out.Add("spec.port", "is missing or 0; expected the TCP port to open, 1 to 65535");
  } else if (listener.port() > config::kMaxPort) {
    out.Add("spec.port", fmt::format("is {}; expected 1 to {}", listener.port(), config::kMaxPort));
  }
  CheckEnum("spec", "protocol", listener.protocol(), v1::ListenerProtocol_descriptor(), out);
  CheckLabels("spec.agents.match_labels", listener.agents().match_labels(), config::kMaxSelectorLabels, out);
  CheckOptionsFit(listener, out);
  CheckHttp(listener.http(), out);
  CheckTcp(listener.tcp(), out);
  CheckSocket("spec.socket", listener.socket(), out);
  if (listener.has_access_log()) CheckAccessLog(listener.access_log(), out);
  if (listener.has_proxy_protocol()) CheckProxyProtocol(listener.proxy_protocol(), out);
  if (listener.has_tls()) CheckListenerTls(listener.tls(), out);
}

}  // namespace switchyard::controlplane::validation
