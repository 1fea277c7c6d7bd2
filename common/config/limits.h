// Limits: every default and bound that the comments in proto/switchyard/v1 state, and the value that holds when a field is absent.
//
// Validation refuses what is outside a bound, and says so with these numbers; the agent asks the functions below and never looks at a raw
// field. A function returns the field if it is set, else the default, and brings both inside the bounds: whatever a controller sends, an
// agent works with values that are safe. (Validation goes first, so this changes nothing that a person was told was accepted.)
// The functions take the message that holds the field; a sub-message that is absent gives every default.
//
// Units: as the names say; durations are switchyard::Duration. Thread-safety: constants and pure functions. Cost: a few loads.
// Source of each number: the comment beside the field in the .proto file; tests/unit/common/config/limits_test.cc holds the two together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "switchyard/v1/listener.pb.h"
#include "switchyard/v1/route.pb.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::config {

// The default of a number and the least and most it may be, both included.
template <typename T>
struct Bound {
  T fallback;
  T min;
  T max;
};
using CountBound = Bound<std::uint32_t>;
using TimeBound = Bound<Duration>;

// resource.proto
inline constexpr std::size_t kMaxNameLength = 63;
inline constexpr std::size_t kMaxLabels = 32;
inline constexpr std::size_t kMaxLabelKeyLength = 63;
inline constexpr std::size_t kMaxLabelValueLength = 63;
// fleet.proto, ApplyRequest: one change of intent.
inline constexpr std::size_t kMaxApplyResources = 20'000;
inline constexpr std::size_t kMaxApplyBytes = std::size_t{64} << 20;

// listener.proto
inline constexpr std::string_view kDefaultAddress = "0.0.0.0";
inline constexpr std::uint32_t kMaxPort = 65535;
inline constexpr std::size_t kMaxSelectorLabels = 16;
inline constexpr CountBound kMaxHeadBytes{32'768, 1'024, 262'144};
inline constexpr CountBound kMaxHeaders{100, 8, 1'000};
inline constexpr CountBound kMaxTargetBytes{8'192, 64, 65'536};
inline constexpr std::uint64_t kDefaultMaxBodyBytes = std::uint64_t{1} << 30;
inline constexpr TimeBound kHeadTimeout{std::chrono::seconds(10), std::chrono::milliseconds(100), std::chrono::minutes(5)};
inline constexpr TimeBound kKeepAliveTimeout{std::chrono::seconds(60), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr TimeBound kBodyIdleTimeout{std::chrono::seconds(30), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr CountBound kMaxConnections{20'000, 1, 1'000'000};
inline constexpr TimeBound kHelloTimeout{std::chrono::seconds(5), std::chrono::milliseconds(100), std::chrono::minutes(1)};
// No default: without it a tunnel may live for ever.
inline constexpr TimeBound kTunnelMaxDuration{Duration::zero(), std::chrono::seconds(1), std::chrono::hours(24 * 30)};
inline constexpr std::size_t kMaxTrustedSources = 64;
inline constexpr TimeBound kProxyHeaderTimeout{std::chrono::seconds(3), std::chrono::milliseconds(100), std::chrono::minutes(1)};
inline constexpr std::string_view kDefaultVia = "switchyard";
inline constexpr std::size_t kMaxViaLength = 63;
inline constexpr CountBound kMaxConcurrentStreams{100, 1, 10'000};
inline constexpr CountBound kStreamWindow{262'144, 65'535, 16'777'216};
inline constexpr CountBound kConnectionWindow{1'048'576, 65'535, 67'108'864};
inline constexpr CountBound kMaxResets{200, 1, 100'000};
inline constexpr CountBound kMaxContinuations{8, 1, 1'000};
inline constexpr CountBound kMaxControlFrames{1'000, 10, 1'000'000};
inline constexpr TimeBound kStallTimeout{std::chrono::seconds(30), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr CountBound kHeaderTableBytes{4'096, 0, 65'536};

// access_log.proto
inline constexpr TimeBound kAccessLogSlow{Duration::zero(), std::chrono::milliseconds(1), std::chrono::hours(1)};
inline constexpr std::size_t kMaxLoggedHeaders = 16;
inline constexpr std::size_t kMaxRedactedHeaders = 32;

// route.proto
inline constexpr std::size_t kMaxRouteListeners = 64;
inline constexpr std::size_t kMaxHosts = 256;
inline constexpr std::size_t kMaxMatches = 64;
inline constexpr std::size_t kMaxMethods = 16;
inline constexpr std::size_t kMaxHeaderMatches = 16;
inline constexpr std::size_t kMaxSni = 64;
inline constexpr std::size_t kMaxSplit = 64;
inline constexpr CountBound kSplitWeight{1, 0, 1'000'000};
inline constexpr std::uint64_t kMaxSplitSum = 1'000'000;
inline constexpr TimeBound kResponseTimeout{std::chrono::seconds(15), std::chrono::milliseconds(1), std::chrono::hours(1)};
inline constexpr TimeBound kRequestTimeout{Duration::zero(), std::chrono::milliseconds(1), std::chrono::hours(24)};
inline constexpr TimeBound kMaxStreamDuration{Duration::zero(), std::chrono::milliseconds(10), std::chrono::hours(24)};
inline constexpr std::size_t kMaxParameterMatches = 16;
inline constexpr std::size_t kMaxParameterNameLength = 256;
inline constexpr std::size_t kMaxSources = 64;
inline constexpr std::uint32_t kDefaultRedirectStatus = 302;
inline constexpr CountBound kDirectStatus{0, 200, 599};
inline constexpr std::size_t kMaxDirectBody = 65'536;
inline constexpr std::string_view kDefaultTextType = "text/plain; charset=utf-8";
inline constexpr std::string_view kDefaultPageType = "text/html; charset=utf-8";
inline constexpr std::size_t kMaxHeaderChanges = 32;
inline constexpr TimeBound kHstsMaxAge{std::chrono::hours(8'760), Duration::zero(), std::chrono::hours(17'520)};
inline constexpr std::string_view kDefaultReferrerPolicy = "strict-origin-when-cross-origin";
inline constexpr double kMaxPercent = 100;
inline constexpr CountBound kMirrorBodyBytes{65'536, 0, 1'048'576};
inline constexpr std::size_t kMaxOrigins = 64;
inline constexpr std::size_t kMaxCorsHeaders = 64;
inline constexpr TimeBound kCorsMaxAge{std::chrono::minutes(10), Duration::zero(), std::chrono::hours(24)};
inline constexpr std::size_t kMaxErrorPages = 16;
inline constexpr std::size_t kMaxPageStatuses = 64;
inline constexpr CountBound kPageStatus{0, 400, 599};
inline constexpr std::size_t kMaxPageBody = 65'536;
inline constexpr std::size_t kMaxCodings = 8;
inline constexpr std::size_t kMaxContentTypes = 64;
inline constexpr CountBound kCompressionMinBytes{1'024, 0, 1'048'576};
inline constexpr CountBound kCompressionStreams{1'000, 1, 100'000};
inline constexpr std::size_t kMaxAddressRules = 1'024;
inline constexpr CountBound kRateRequests{0, 1, 1'000'000'000};
inline constexpr TimeBound kRatePer{std::chrono::seconds(1), std::chrono::milliseconds(1), std::chrono::hours(24)};
inline constexpr CountBound kRateBurst{0, 1, 1'000'000};
inline constexpr CountBound kRateClients{16'384, 64, 1'000'000};
inline constexpr TimeBound kExchangeIdleTimeout{std::chrono::minutes(5), std::chrono::milliseconds(10), std::chrono::hours(24)};

// upstream.proto
inline constexpr std::size_t kMaxBackends = 5'000;
inline constexpr CountBound kBackendWeight{1, 0, 10'000};
inline constexpr std::size_t kMaxZoneLength = 63;
inline constexpr TimeBound kConnectTimeout{std::chrono::seconds(1), std::chrono::milliseconds(1), std::chrono::minutes(1)};
inline constexpr TimeBound kProbeInterval{std::chrono::seconds(2), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr TimeBound kProbeTimeout{std::chrono::seconds(1), std::chrono::milliseconds(10), std::chrono::minutes(1)};
// Its default is this part of the interval.
inline constexpr TimeBound kSuspiciousInterval{std::chrono::milliseconds(500), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr int kSuspiciousPart = 4;
inline constexpr std::size_t kMaxProbeText = 1'024;
inline constexpr std::size_t kMaxProbeHeaders = 16;
inline constexpr std::size_t kMaxProbeService = 255;
// A probe's timeout is at most this many intervals.
inline constexpr int kMaxProbeTimeoutIntervals = 10;
inline constexpr CountBound kUnhealthyThreshold{3, 1, 100};
inline constexpr CountBound kHealthyThreshold{2, 1, 100};
inline constexpr std::string_view kDefaultProbePath = "/";
inline constexpr CountBound kProbesSharedBy{3, 0, 1'000};
inline constexpr std::size_t kMaxExpectedStatuses = 64;
inline constexpr CountBound kExpectedStatus{200, 100, 599};
inline constexpr CountBound kMaxConnectionsPerBackend{1'024, 1, 100'000};
inline constexpr CountBound kMaxIdlePerBackend{128, 0, 100'000};
inline constexpr TimeBound kPoolIdleTimeout{std::chrono::seconds(60), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr CountBound kMaxPending{1'024, 0, 100'000};
inline constexpr TimeBound kPendingTimeout{std::chrono::seconds(1), std::chrono::milliseconds(1), std::chrono::minutes(1)};
inline constexpr TimeBound kBreakerOpenTimeout{std::chrono::seconds(30), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr Duration kEvidenceOpenTimeout = std::chrono::seconds(5);  // the default of mode EVIDENCE
inline constexpr CountBound kBreakerFailures{5, 1, 1'000};
inline constexpr CountBound kBreakerSuccesses{3, 1, 1'000};
inline constexpr CountBound kHalfOpenRequests{3, 1, 1'000};
inline constexpr CountBound kErrorRatePercent{50, 1, 100};
inline constexpr CountBound kSlowCallRatePercent{100, 1, 100};
inline constexpr CountBound kMinimumRequests{20, 1, 100'000};
inline constexpr TimeBound kRateWindow{std::chrono::seconds(10), std::chrono::seconds(1), std::chrono::minutes(10)};
// The default of the first is none.
inline constexpr TimeBound kSlowCall{Duration::zero(), std::chrono::milliseconds(1), std::chrono::hours(1)};
inline constexpr CountBound kOutlierFailures{5, 0, 1'000};
inline constexpr CountBound kOutlierGatewayFailures{0, 0, 1'000};
inline constexpr CountBound kOutlierFailurePercent{50, 0, 100};
inline constexpr CountBound kMaxEjectedPercent{50, 0, 100};
inline constexpr TimeBound kBaseEjection{std::chrono::seconds(5), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr TimeBound kMaxEjection{std::chrono::minutes(5), std::chrono::milliseconds(100), std::chrono::hours(24)};
inline constexpr CountBound kMaxUpstreamRequests{100'000, 1, 1'000'000};
inline constexpr CountBound kMaxUpstreamRetries{1'000, 0, 100'000};
inline constexpr CountBound kRetryAttempts{3, 1, 10};
inline constexpr std::size_t kMaxRetryConditions = 16;
inline constexpr CountBound kRetryBudgetPercent{20, 0, 100};
inline constexpr CountBound kRetryMinPerSecond{10, 0, 100'000};
// The default is none.
inline constexpr TimeBound kPerTryTimeout{Duration::zero(), std::chrono::milliseconds(1), std::chrono::hours(1)};
inline constexpr TimeBound kRetryBaseBackoff{std::chrono::milliseconds(25), Duration::zero(), std::chrono::minutes(1)};
inline constexpr TimeBound kRetryMaxBackoff{std::chrono::milliseconds(250), Duration::zero(), std::chrono::minutes(1)};
inline constexpr CountBound kPriority{0, 0, 15};
inline constexpr CountBound kLeastCapacityPercent{20, 0, 100};
inline constexpr CountBound kFleetConcurrency{0, 1, 100'000};
inline constexpr CountBound kFleetSubsetSize{0, 2, 5'000};
inline constexpr CountBound kZoneFillPercent{80, 1, 100};
inline constexpr TimeBound kSlowStartWindow{std::chrono::seconds(10), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr CountBound kAggressionPercent{100, 10, 1'000};
inline constexpr std::size_t kMaxHashSources = 8;
// 0 is allowed, too: no bound.
inline constexpr CountBound kHashBoundPercent{125, 100, 10'000};
inline constexpr std::string_view kDefaultStickyCookie = "switchyard-backend";
inline constexpr std::size_t kMaxCookieNameLength = 63;
// The default is a cookie of the browser's session.
inline constexpr TimeBound kStickyTtl{Duration::zero(), std::chrono::seconds(1), std::chrono::hours(8'760)};

inline constexpr TimeBound kPoolMaxAge{Duration::zero(), std::chrono::seconds(1), std::chrono::hours(24 * 30)};
inline constexpr std::uint32_t kMaxMinIdle = 1'000;
inline constexpr std::size_t kMaxDiscovered = 1'000;
inline constexpr TimeBound kDnsMinTtl{std::chrono::seconds(5), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr TimeBound kDnsMaxTtl{std::chrono::minutes(5), std::chrono::seconds(1), std::chrono::hours(24)};
inline constexpr TimeBound kDnsTimeout{std::chrono::seconds(5), std::chrono::milliseconds(100), std::chrono::minutes(1)};
inline constexpr std::size_t kMaxResolvers = 8;
inline constexpr std::size_t kMaxFilePath = 4'095;
// Of a namespace, Service or port; RFC 1123 labels.
inline constexpr std::size_t kMaxKubernetesName = 63;

// socket.proto
inline constexpr TimeBound kKeepaliveIdle{std::chrono::seconds(60), std::chrono::seconds(1), std::chrono::hours(2)};
inline constexpr TimeBound kKeepaliveInterval{std::chrono::seconds(10), std::chrono::seconds(1), std::chrono::hours(1)};
inline constexpr CountBound kKeepaliveCount{3, 1, 20};
// No default: the kernel's.
inline constexpr TimeBound kUserTimeout{Duration::zero(), std::chrono::seconds(1), std::chrono::hours(1)};

// Texts whose length the protos leave to this page: each is one line of a request head or less.
inline constexpr std::size_t kMaxHostLength = 253;  // RFC 1035 section 3.1: 255 octets on the wire
inline constexpr std::size_t kMaxPathLength = 8'192;
inline constexpr std::size_t kMaxMethodLength = 32;
inline constexpr std::size_t kMaxHeaderNameLength = 256;
inline constexpr std::size_t kMaxHeaderValueLength = 4'096;

// tls.proto
inline constexpr std::size_t kMaxServedCertificates = 64;
inline constexpr std::size_t kMaxSubjectNames = 100;
inline constexpr std::size_t kMaxSubjectNameLength = 2'048;
inline constexpr std::size_t kMaxPins = 20;
inline constexpr CountBound kMaxHandshakes{4'000, 1, 1'000'000};
inline constexpr TimeBound kTlsHandshakeTimeout{std::chrono::seconds(5), std::chrono::milliseconds(10), std::chrono::minutes(1)};

// Listener
std::string Address(const v1::Listener& listener);
v1::ListenerProtocol Protocol(const v1::Listener& listener);
// Bytes are passed on unread: TCP or TLS_PASSTHROUGH.
bool IsTunnel(const v1::Listener& listener);
// TcpOptions
std::uint32_t MaxConnections(const v1::TcpOptions& tcp);
Duration HelloTimeout(const v1::TcpOptions& tcp);
// Zero: no limit.
Duration TunnelMaxDuration(const v1::TcpOptions& tcp);
// ProxyProtocolIn
bool RequiresProxyHeader(const v1::Listener& listener);
Duration ProxyHeaderTimeout(const v1::ProxyProtocolIn& proxy);
// HttpOptions
std::uint32_t MaxHeadBytes(const v1::HttpOptions& http);
std::uint32_t MaxHeaders(const v1::HttpOptions& http);
// At most MaxHeadBytes.
std::uint32_t MaxTargetBytes(const v1::HttpOptions& http);
std::uint64_t MaxBodyBytes(const v1::HttpOptions& http);
Duration HeadTimeout(const v1::HttpOptions& http);
Duration KeepAliveTimeout(const v1::HttpOptions& http);
Duration BodyIdleTimeout(const v1::HttpOptions& http);
std::uint32_t MaxConnections(const v1::HttpOptions& http);
// 0: no limit.
std::uint32_t MaxRequestsPerConnection(const v1::HttpOptions& http);
v1::ForwardedMode Forwarded(const v1::HttpOptions& http);
std::string Via(const v1::HttpOptions& http);
v1::RequestIdMode RequestId(const v1::HttpOptions& http);
// Http2Options
std::uint32_t MaxConcurrentStreams(const v1::Http2Options& http2);
std::uint32_t StreamWindow(const v1::Http2Options& http2);
// At least StreamWindow.
std::uint32_t ConnectionWindow(const v1::Http2Options& http2);
std::uint32_t MaxResets(const v1::Http2Options& http2);
std::uint32_t MaxContinuations(const v1::Http2Options& http2);
std::uint32_t MaxControlFrames(const v1::Http2Options& http2);
Duration StallTimeout(const v1::Http2Options& http2);
std::uint32_t HeaderTableBytes(const v1::Http2Options& http2);
// AccessLog
// 0-100.
double AccessLogPercent(const v1::AccessLog& log);
// Zero: not set.
Duration AccessLogSlow(const v1::AccessLog& log);

// ListenerTls, UpstreamTls
std::uint32_t MaxHandshakes(const v1::ListenerTls& tls);
Duration TlsHandshakeTimeout(const v1::UpstreamTls& tls);

// Timeouts of a Route
Duration ResponseTimeout(const v1::Timeouts& timeouts);
Duration ExchangeIdleTimeout(const v1::Timeouts& timeouts);
// Zero: none.
Duration RequestTimeout(const v1::Timeouts& timeouts);
Duration MaxStreamDuration(const v1::Timeouts& timeouts);
// Redirect, SecurityHeaders, Mirror, Cors, Compression, RateLimit
std::uint32_t RedirectStatus(const v1::Redirect& redirect);
Duration HstsMaxAge(const v1::SecurityHeaders& headers);
// Of a million.
std::uint32_t MirrorShare(const v1::Mirror& mirror);
std::uint32_t MirrorBodyBytes(const v1::Mirror& mirror);
Duration CorsMaxAge(const v1::Cors& cors);
std::uint32_t CompressionMinBytes(const v1::Compression& compression);
std::uint32_t CompressionStreams(const v1::Compression& compression);
std::uint32_t RateRequests(const v1::RateLimit& limit);
Duration RatePer(const v1::RateLimit& limit);
std::uint32_t RateBurst(const v1::RateLimit& limit);
std::uint32_t RateClients(const v1::RateLimit& limit);
// Forward
std::uint32_t Weight(const v1::WeightedUpstream& share);

// Upstream
v1::Balancer BalancerOf(const v1::Upstream& upstream);
v1::UpstreamProtocol Protocol(const v1::Upstream& upstream);
Duration ConnectTimeout(const v1::Upstream& upstream);
v1::ProxyProtocolVersion ProxyProtocolOf(const v1::Upstream& upstream);
std::uint32_t LeastCapacityPercent(const v1::Upstream& upstream);
// FleetPolicy
bool FleetVerdictsOn(const v1::FleetPolicy& fleet);
bool FleetWeightsOn(const v1::FleetPolicy& fleet);
bool FleetSlowVerdictsOn(const v1::FleetPolicy& fleet);
// 0: not known.
std::uint32_t FleetConcurrency(const v1::FleetPolicy& fleet);
// 0: all.
std::uint32_t FleetSubsetSize(const v1::FleetPolicy& fleet);
// Breaker
v1::BreakerMode ModeOf(const v1::Breaker& breaker);
Duration BreakerOpenTimeout(const v1::Breaker& breaker);
std::uint32_t FailureThreshold(const v1::Breaker& breaker);
std::uint32_t SuccessThreshold(const v1::Breaker& breaker);
std::uint32_t HalfOpenMaxRequests(const v1::Breaker& breaker);
std::uint32_t ErrorRatePercent(const v1::Breaker& breaker);
std::uint32_t MinimumRequests(const v1::Breaker& breaker);
Duration BreakerWindow(const v1::Breaker& breaker);
// 0: none.
Duration SlowCall(const v1::Breaker& breaker);
std::uint32_t SlowCallRatePercent(const v1::Breaker& breaker);
// That of the backend, else that of the upstream.
v1::BreakerForce ForceOf(const v1::Upstream& upstream, const v1::Backend& backend);
// OutlierDetection
std::uint32_t ConsecutiveFailures(const v1::OutlierDetection& outlier);
std::uint32_t ConsecutiveGatewayFailures(const v1::OutlierDetection& outlier);
std::uint32_t ConsecutiveLocalFailures(const v1::OutlierDetection& outlier);
std::uint32_t FailurePercent(const v1::OutlierDetection& outlier);
std::uint32_t MinimumRequests(const v1::OutlierDetection& outlier);
Duration OutlierInterval(const v1::OutlierDetection& outlier);
Duration BaseEjection(const v1::OutlierDetection& outlier);
// At least BaseEjection.
Duration MaxEjection(const v1::OutlierDetection& outlier);
std::uint32_t MaxEjectedPercent(const v1::OutlierDetection& outlier);
// UpstreamLimits
std::uint32_t MaxUpstreamRequests(const v1::UpstreamLimits& limits);
std::uint32_t MaxUpstreamRetries(const v1::UpstreamLimits& limits);
// Retry
std::uint32_t RetryAttempts(const v1::Retry& retry);
bool RetriesOn(const v1::Retry& retry, v1::RetryCondition condition);
std::uint32_t RetryBudgetPercent(const v1::Retry& retry);
std::uint32_t RetryMinPerSecond(const v1::Retry& retry);
// 0: none.
Duration PerTryTimeout(const v1::Retry& retry);
Duration RetryBaseBackoff(const v1::Retry& retry);
Duration RetryMaxBackoff(const v1::Retry& retry);
// SlowStart
Duration SlowStartWindow(const v1::SlowStart& slow_start);
std::uint32_t AggressionPercent(const v1::SlowStart& slow_start);
// ZonePreference
std::uint32_t ZoneFillPercent(const v1::ZonePreference& zones);
// HashPolicy. 0: no bound.
std::uint32_t HashBoundPercent(const v1::HashPolicy& hash);
// StickySession
std::string StickyCookie(const v1::StickySession& sticky);
std::string StickyPath(const v1::StickySession& sticky);
// 0: until the browser's session ends.
Duration StickyTtl(const v1::StickySession& sticky);
// Backend
std::uint32_t Weight(const v1::Backend& backend);
std::uint32_t Priority(const v1::Backend& backend);
v1::BackendState StateOf(const v1::Backend& backend);
// HealthCheck
Duration ProbeInterval(const v1::HealthCheck& check);
// At most ProbeInterval.
Duration SuspiciousInterval(const v1::HealthCheck& check);
// At most kMaxProbeTimeoutIntervals intervals.
Duration ProbeTimeout(const v1::HealthCheck& check);
std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check);
std::uint32_t HealthyThreshold(const v1::HealthCheck& check);
// Agents that probe each backend; 0: all.
std::uint32_t ProbesSharedBy(const v1::HealthCheck& check);
std::string ProbePath(const v1::HttpProbe& probe);
// Host header of a probe of the backend at `address`.
std::string ProbeHost(const v1::HttpProbe& probe, std::string_view address);
std::string ProbeAuthority(const v1::GrpcProbe& probe, std::string_view address);
bool IsExpectedStatus(const v1::HttpProbe& probe, std::uint32_t status);
// Pool
std::uint32_t MaxConnectionsPerBackend(const v1::Pool& pool);
// At most MaxConnectionsPerBackend.
std::uint32_t MaxIdlePerBackend(const v1::Pool& pool);
Duration PoolIdleTimeout(const v1::Pool& pool);
std::uint32_t MaxPending(const v1::Pool& pool);
Duration PendingTimeout(const v1::Pool& pool);
// 0: no limit.
std::uint32_t MaxRequestsPerConnection(const v1::Pool& pool);
// Zero: no limit.
Duration PoolMaxAge(const v1::Pool& pool);
// At most MaxIdlePerBackend; 0 where connections announce their client.
std::uint32_t MinIdlePerBackend(const v1::Upstream& upstream);

// DnsDiscovery
Duration DnsMinTtl(const v1::DnsDiscovery& dns);
// At least DnsMinTtl.
Duration DnsMaxTtl(const v1::DnsDiscovery& dns);
Duration DnsTimeout(const v1::DnsDiscovery& dns);

// SocketOptions
Duration KeepaliveIdle(const v1::TcpKeepalive& keepalive);
Duration KeepaliveInterval(const v1::TcpKeepalive& keepalive);
std::uint32_t KeepaliveCount(const v1::TcpKeepalive& keepalive);
// Zero: the kernel's.
Duration UserTimeout(const v1::SocketOptions& options);

}  // namespace switchyard::config
