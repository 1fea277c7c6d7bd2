#include "controlplane/stream/agent_service.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include "common/base/status.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/unary_call.h"
#include "controlplane/identity/gate.h"
#include "controlplane/stream/enrol_calls.h"
#include "controlplane/stream/peer_address.h"
#include "controlplane/stream/session_reactor.h"
#include "switchyard/v1/agent.grpc.pb.h"

namespace switchyard::controlplane::stream {
namespace {

// Renew with messages, the streams with raw bytes (see SessionReactor and EnrolCalls).
using Base = v1::AgentService::WithCallbackMethod_Renew<v1::AgentService::WithRawCallbackMethod_Connect<v1::AgentService::Service>>;
using EnrolHandler = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
// Place of Enroll in the service's list of methods.
constexpr int kEnroll = 0;
constexpr std::string_view kTooMany = "the controller has too many calls at once; try again";

class AgentServiceImpl final : public Base {
 public:
  explicit AgentServiceImpl(const AgentServiceParts& parts)
      : parts_(parts),
        enrols_(std::make_shared<EnrolCalls>(
            parts.sessions->clock, parts.sessions->timers,
            [this](v1::EnrollRequest request, const std::string& peer, EnrolCalls::Answer answer) {
              Enrol(std::move(request), peer, std::move(answer));
            })) {
    const auto begin = [this](grpc::CallbackServerContext* context) { return enrols_->Begin(context); };
    // The first makes it a stream, the second a raw one by callbacks; each takes its handler over.
    MarkMethodStreamed(kEnroll, new EnrolHandler(begin));
    MarkMethodRawCallback(kEnroll, new EnrolHandler(begin));
  }

  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override {
    auto call = rpc::UnaryCall<v1::RenewResponse>::Start(response);
    auto* reactor = call->reactor();
    auto peer = identity::PeerOf(*context);
    if (!peer.ok()) {
      call->Finish(rpc::ToGrpc(peer.status()));
      return reactor;
    }
    InQueue(call, [this, call, request, peer = *std::move(peer)] { DoRenew(*call, *request, peer); });
    return reactor;
  }

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Connect(grpc::CallbackServerContext* context) override {
    auto peer = identity::PeerOf(*context);
    if (!peer.ok()) return NewRefusal(peer.status());
    return NewSessionReactor(context, parts_.sessions, {peer->name, PeerAddress(context->peer()), peer->not_after});
  }

 private:
  template <class Response>
  void InQueue(const std::shared_ptr<rpc::UnaryCall<Response>>& call, std::function<void()> task) {
    if (parts_.work->Post(std::move(task))) return;
    call->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, std::string(kTooMany)});
  }

  void Enrol(v1::EnrollRequest request, const std::string& peer, EnrolCalls::Answer answer) {
    auto task = [this, request = std::move(request), peer, answer] { DoEnroll(request, peer, answer); };
    if (parts_.work->Post(std::move(task))) return;
    answer({grpc::StatusCode::RESOURCE_EXHAUSTED, std::string(kTooMany)}, {});
  }

  void DoEnroll(const v1::EnrollRequest& request, const std::string& peer, const EnrolCalls::Answer& answer) {
    auto enrolled = parts_.enrolment->Enroll(request);
    if (!enrolled.ok()) {
      parts_.log->Warn("enrolment refused", {{"peer", peer}, {"reason", Message(enrolled.status())}});
      return answer(rpc::ToGrpc(enrolled.status()), {});
    }
    if (enrolled->replaced) {
      parts_.log->Warn("agent enrolled again under a name in use",
                       {{"node", request.node()}, {"peer", peer}, {"token", enrolled->token_id}});
    } else {
      parts_.log->Info("agent enrolled", {{"node", request.node()}, {"peer", peer}, {"token", enrolled->token_id}});
    }
    answer(grpc::Status::OK, enrolled->response);
  }

  void DoRenew(rpc::UnaryCall<v1::RenewResponse>& call, const v1::RenewRequest& request, const identity::PeerIdentity& peer) {
    auto renewed = parts_.enrolment->Renew(peer, request);
    if (!renewed.ok()) {
      parts_.log->Warn("renewal refused", {{"node", peer.name}, {"reason", Message(renewed.status())}});
      call.Finish(rpc::ToGrpc(renewed.status()));
      return;
    }
    parts_.registry->SetCertificate(peer.name, rpc::ToWallTime(renewed->not_after()));
    call.Finish(grpc::Status::OK, *std::move(renewed));
  }

  const AgentServiceParts parts_;
  const std::shared_ptr<EnrolCalls> enrols_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAgentService(const AgentServiceParts& parts) { return std::make_unique<AgentServiceImpl>(parts); }

}  // namespace switchyard::controlplane::stream
