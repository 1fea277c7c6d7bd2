// Transport limits: the sizes and keepalive that both ends of every Switchyard connection use. One place, so that they agree.
//
// - A message is at most 64 MiB in either direction: the largest Apply and the largest full snapshot (100,000 backends are about 10 MiB).
//   Beyond: RESOURCE_EXHAUSTED.
// - Metadata is at most 1 MiB: gRPC's own default of 8 KiB is too small for a list of violations, which travels in the status details
//   (see `kMaxDetailBytes`). A foreign client with the default still reads every status whose details are small.
// - A dead peer is noticed within `kKeepaliveTime + kKeepaliveTimeout` (30 s) although nothing is sent: hosts vanish without a FIN.
//
// Thread-safety: pure functions and constants. Source: gRPC "Keepalive User Guide"; gRPC proposal A8 for the server's ping policy.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace grpc {
class ChannelArguments;
class ServerBuilder;
}  // namespace grpc

namespace switchyard::rpc {

inline constexpr int kMaxMessageBytes = 64 * 1024 * 1024;
inline constexpr int kMaxMetadataBytes = 1024 * 1024;
// Most bytes of serialized `v1.Violations` in a status: base64 and the other headers still fit kMaxMetadataBytes.
inline constexpr std::size_t kMaxDetailBytes = 512 * 1024;

inline constexpr Duration kKeepaliveTime = std::chrono::seconds(20);
inline constexpr Duration kKeepaliveTimeout = std::chrono::seconds(10);
// A client that pings more often than this is told to calm down (GOAWAY ENHANCE_YOUR_CALM).
inline constexpr Duration kMinPingInterval = std::chrono::seconds(10);
// TLS and HTTP/2 handshake of a new connection: a silent stranger is cut after this.
inline constexpr Duration kHandshakeTimeout = std::chrono::seconds(10);
// A connection without a call is closed after this; clients come back by themselves when they need it.
// Short, because a stranger needs no certificate to have one; an agent's has its stream all the time.
inline constexpr Duration kMaxIdle = std::chrono::seconds(15);
// What gRPC may hold for messages that are being received, over all connections: anyone may send an Enroll, and a message is buffered whole
// before a handler sees it. Under pressure gRPC reads slower, then ends streams.
inline constexpr std::size_t kReceiveMemoryBytes = std::size_t{1} << 30;

// For every channel to the controller, admin or agent.
void ApplyClientLimits(grpc::ChannelArguments& arguments);
// For the controller's server.
void ApplyServerLimits(grpc::ServerBuilder& builder);

}  // namespace switchyard::rpc
