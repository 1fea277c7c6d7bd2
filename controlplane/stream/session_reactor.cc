#include "controlplane/stream/session_reactor.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/slice.h>

#include "common/rpc/grpc_status.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::stream {
namespace {

using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

// A buffer that refers to the frame's bytes and keeps them alive.
grpc::ByteBuffer Refer(Frame frame) {
  auto* held = new Frame(std::move(frame));
  // gRPC never writes through a slice that it sends.
  auto* bytes = const_cast<char*>((*held)->data());
  const grpc::Slice slice(bytes, (*held)->size(), [](void* user) { delete static_cast<Frame*>(user); }, held);
  return grpc::ByteBuffer(&slice, 1);
}

class SessionReactor final : public Reactor, private Wire {
 public:
  SessionReactor(grpc::CallbackServerContext* context, const SessionOptions* options, SessionPeer peer)
      : context_(context), session_(AgentSession::Make(options, std::move(peer), this)) {}

  // Apart from the constructor: the session may end the stream at once.
  void Start() {
    session_->Start();
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      session_->End(absl::OkStatus());
      return;
    }
    if (!Digest()) return;
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override { session_->OnWritten(ok); }

  void OnCancel() override { session_->End(absl::CancelledError("the stream was cancelled")); }

  void OnDone() override {
    session_->OnClosed();
    delete this;
  }

 private:
  // False: the message was unusable and the stream is being ended.
  bool Digest() {
    if (incoming_.Length() > kMaxAgentMessageBytes) {
      session_->End(absl::ResourceExhaustedError(
          fmt::format("a message of {} bytes; an agent may send at most {}", incoming_.Length(), kMaxAgentMessageBytes)));
      return false;
    }
    v1::AgentMessage message;
    if (!grpc::SerializationTraits<v1::AgentMessage>::Deserialize(&incoming_, &message).ok()) {
      session_->End(absl::InvalidArgumentError("a message that is not an AgentMessage"));
      return false;
    }
    session_->OnMessage(message);
    return true;
  }

  void Send(Frame frame) override {
    outgoing_ = Refer(std::move(frame));
    StartWrite(&outgoing_);
  }
  void End(const absl::Status& status) override { Finish(rpc::ToGrpc(status)); }
  void Cut() override { context_->TryCancel(); }

  grpc::CallbackServerContext* context_;
  std::shared_ptr<AgentSession> session_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
};

class Refusal final : public Reactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

Reactor* NewSessionReactor(grpc::CallbackServerContext* context, const SessionOptions* options, SessionPeer peer) {
  auto* reactor = new SessionReactor(context, options, std::move(peer));
  reactor->Start();
  return reactor;
}

Reactor* NewRefusal(const absl::Status& status) { return new Refusal(status); }

}  // namespace switchyard::controlplane::stream
