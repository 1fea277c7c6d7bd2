// SessionReactor: the gRPC half of an agent's stream.
//
// Who owns whom, and who may call whom:
//
//   gRPC ──owns until OnDone──▶ SessionReactor ──shared──▶ AgentSession ◀──shared── SessionRegistry, Publisher
//                                    ▲                          │  ◀──weak── timers
//                                    └──plain Wire*, cleared ───┘
//                                       in OnDone, under the session's lock
//
// - `Connect` makes the reactor; gRPC calls OnDone exactly once, after every other reaction; there, and only there, it deletes itself.
// - Every gRPC operation (StartRead, StartWrite, Finish, TryCancel) happens either in a reaction or through Wire under the session's lock
//   while the session still knows the Wire; so none can come after OnDone.
// - At most one StartRead and one StartWrite are under way: the next read starts when the last message was digested (an agent that talks
//   too fast is slowed by flow control), the next write when SessionState allows.
// - The session's lock is never held by this class; gRPC runs reactions on its own threads, never inside StartWrite or Finish.
//
// Messages are raw bytes on this side: pushes are serialized once for many agents (DeltaEncoder) and shared by reference.
// Bounds: a message of an agent is at most kMaxAgentMessageBytes; beyond: RESOURCE_EXHAUSTED.
#pragma once

#include <cstddef>
#include <memory>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/stream/agent_session.h"
#include "controlplane/stream/wire.h"

namespace switchyard::controlplane::stream {

// A report of 20,000 backends is about 14 MB.
inline constexpr std::size_t kMaxAgentMessageBytes = std::size_t{16} << 20;

// The reactor of one Connect call. `options` outlives the call.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewSessionReactor(grpc::CallbackServerContext* context,
                                                                               const SessionOptions* options, SessionPeer peer);
// A reactor that only says no.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewRefusal(const absl::Status& status);

}  // namespace switchyard::controlplane::stream
