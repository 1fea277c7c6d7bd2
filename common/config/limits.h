// Limits and defaults of every configurable field, in one place.
//
// The numbers are those of the proto comments (listener.proto, route.proto, upstream.proto), which are the manual; validation refuses what is outside them,
// and the agent reads effective values through the functions below, so that both sides agree on what an absent field means.
//
// Units: bytes, counts, or switchyard::Duration. Thread-safety: constants and pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "google/protobuf/duration.pb.h"
#include "switchyard/v1/listener.pb.h"
#include "switchyard/v1/route.pb.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::config {

// A field's range and the value that an absent one means.
template <class T>
struct Range {
  T min;
  T max;
  T fallback;
};

using Count = Range<std::uint64_t>;
using Time = Range<Duration>;

namespace limits {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Names and labels (resource.proto).
inline constexpr std::size_t kMaxNameBytes = 63;
inline constexpr std::size_t kMaxLabels = 32;
inline constexpr std::size_t kMaxLabelBytes = 63;

// Listener.
inline constexpr std::size_t kMaxSelectorLabels = 16;
inline constexpr Count kPort{1, 65535, 0};
inline constexpr Count kMaxHeadBytes{1024, 262144, 32768};
inline constexpr Count kMaxHeaders{8, 1000, 100};
inline constexpr Count kMaxTargetBytes{64, 65536, 8192};
inline constexpr std::uint64_t kDefaultMaxBodyBytes = 1ULL << 30U;
inline constexpr Time kHeadTimeout{milliseconds(100), minutes(5), seconds(10)};
inline constexpr Time kKeepAliveTimeout{milliseconds(100), hours(1), seconds(60)};
inline constexpr Time kBodyIdleTimeout{milliseconds(100), hours(1), seconds(30)};
inline constexpr Count kMaxConnections{1, 1000000, 20000};
inline constexpr std::size_t kMaxViaBytes = 63;

// Route.
inline constexpr std::size_t kMaxRouteListeners = 64;
inline constexpr std::size_t kMaxHosts = 256;
inline constexpr std::size_t kMaxMatches = 64;
inline constexpr std::size_t kMaxMethods = 16;
inline constexpr std::size_t kMaxHeaderMatches = 16;
inline constexpr std::size_t kMaxWeightedUpstreams = 64;
inline constexpr Count kRouteWeight{0, 1000000, 1};
inline constexpr std::uint64_t kMaxRouteWeightSum = 1000000;
inline constexpr Time kResponseTimeout{milliseconds(1), hours(1), seconds(15)};
inline constexpr Time kStreamIdleTimeout{milliseconds(10), hours(24), minutes(5)};

// Upstream.
inline constexpr std::size_t kMaxBackends = 5000;
inline constexpr Count kBackendWeight{0, 10000, 1};
inline constexpr std::size_t kMaxZoneBytes = 63;
inline constexpr Time kConnectTimeout{milliseconds(1), minutes(1), seconds(1)};
inline constexpr Count kPoolConnections{1, 100000, 1024};
inline constexpr Count kPoolIdle{0, 100000, 128};
inline constexpr Time kPoolIdleTimeout{milliseconds(100), hours(1), seconds(60)};
inline constexpr Count kPoolPending{0, 100000, 1024};
inline constexpr Time kPoolPendingTimeout{milliseconds(1), minutes(1), seconds(1)};
inline constexpr Time kProbeInterval{milliseconds(100), hours(1), seconds(2)};
inline constexpr Time kProbeTimeout{milliseconds(10), minutes(1), seconds(1)};
inline constexpr int kProbeTimeoutIntervals = 10;  // timeout <= this many intervals
inline constexpr Count kUnhealthyThreshold{1, 100, 3};
inline constexpr Count kHealthyThreshold{1, 100, 2};
inline constexpr std::size_t kMaxExpectedStatuses = 64;

}  // namespace limits

// Saturates at the ends of Duration's range.
Duration FromProto(const google::protobuf::Duration& value);
google::protobuf::Duration ToProto(Duration value);

// The effective value of a field: what it says, or the default when it is absent (proto3: zero, for those without presence).
std::string BindAddress(const v1::Listener& listener);
std::uint32_t MaxHeadBytes(const v1::HttpOptions& http);
std::uint32_t MaxHeaders(const v1::HttpOptions& http);
// At most the effective max_head_bytes.
std::uint32_t MaxTargetBytes(const v1::HttpOptions& http);
std::uint64_t MaxBodyBytes(const v1::HttpOptions& http);
Duration HeadTimeout(const v1::HttpOptions& http);
Duration KeepAliveTimeout(const v1::HttpOptions& http);
Duration BodyIdleTimeout(const v1::HttpOptions& http);
std::uint32_t MaxConnections(const v1::HttpOptions& http);
v1::ForwardedMode Forwarded(const v1::HttpOptions& http);
std::string ViaName(const v1::HttpOptions& http);

std::uint32_t Weight(const v1::WeightedUpstream& upstream);
Duration ResponseTimeout(const v1::Route& route);
Duration StreamIdleTimeout(const v1::Route& route);

std::uint32_t Weight(const v1::Backend& backend);
v1::BackendState State(const v1::Backend& backend);
v1::Balancer BalancerOf(const v1::Upstream& upstream);
Duration ConnectTimeout(const v1::Upstream& upstream);
std::uint32_t MaxConnectionsPerBackend(const v1::Upstream& upstream);
// At most the effective max_connections_per_backend.
std::uint32_t MaxIdlePerBackend(const v1::Upstream& upstream);
Duration PoolIdleTimeout(const v1::Upstream& upstream);
std::uint32_t MaxPending(const v1::Upstream& upstream);
Duration PendingTimeout(const v1::Upstream& upstream);

Duration ProbeInterval(const v1::HealthCheck& check);
Duration ProbeTimeout(const v1::HealthCheck& check);
std::uint32_t UnhealthyThreshold(const v1::HealthCheck& check);
std::uint32_t HealthyThreshold(const v1::HealthCheck& check);
std::string ProbePath(const v1::HttpProbe& probe);

}  // namespace switchyard::config
