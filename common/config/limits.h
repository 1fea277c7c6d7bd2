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
inline constexpr std::string_view kDefaultVia = "switchyard";
inline constexpr std::size_t kMaxViaLength = 63;

// route.proto
inline constexpr std::size_t kMaxRouteListeners = 64;
inline constexpr std::size_t kMaxHosts = 256;
inline constexpr std::size_t kMaxMatches = 64;
inline constexpr std::size_t kMaxMethods = 16;
inline constexpr std::size_t kMaxHeaderMatches = 16;
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
// A probe's timeout is at most this many intervals.
inline constexpr int kMaxProbeTimeoutIntervals = 10;
inline constexpr CountBound kUnhealthyThreshold{3, 1, 100};
inline constexpr CountBound kHealthyThreshold{2, 1, 100};
inline constexpr std::string_view kDefaultProbePath = "/";
inline constexpr std::size_t kMaxExpectedStatuses = 64;
inline constexpr CountBound kExpectedStatus{200, 100, 599};
inline constexpr CountBound kMaxConnectionsPerBackend{1'024, 1, 100'000};
inline constexpr CountBound kMaxIdlePerBackend{128, 0, 100'000};
inline constexpr TimeBound kPoolIdleTimeout{std::chrono::seconds(60), std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr CountBound kMaxPending{1'024, 0, 100'000};
inline constexpr TimeBound kPendingTimeout{std::chrono::seconds(1), std::chrono::milliseconds(1), std::chrono::minutes(1)};

// Texts whose length the protos leave to this page: each is one line of a request head or less.
inline constexpr std::size_t kMaxHostLength = 253;  // RFC 1035 section 3.1: 255 octets on the wire
inline constexpr std::size_t kMaxPathLength = 8'192;
inline constexpr std::size_t kMaxMethodLength = 32;
inline constexpr std::size_t kMaxHeaderNameLength = 256;
inline constexpr std::size_t kMaxHeaderValueLength = 4'096;

// Listener
std::string Address(const v1::Listener& listener);
v1::ListenerProtocol Protocol(const v1::Listener& listener);
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
Duration ConnectTimeout(const v1::Upstream& upstream);
// Backend
std::uint32_t Weight(const v1::Backend& backend);
v1::BackendState StateOf(const v1::Backend& backend);
// HealthCheck
Duration ProbeInterval(const v1::HealthCheck& check);
// At most kMaxProbeTimeoutIntervals intervals.
Duration ProbeTimeout(const v1::HealthCheck& check);
std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check);
std::uint32_t HealthyThreshold(const v1::HealthCheck& check);
std::string ProbePath(const v1::HttpProbe& probe);
// Host header of a probe of the backend at `address`.
std::string ProbeHost(const v1::HttpProbe& probe, std::string_view address);
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

}  // namespace switchyard::config
