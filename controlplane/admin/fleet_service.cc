#include "controlplane/admin/fleet_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include <grpcpp/server_context.h>

#include "common/base/status.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/unary_call.h"
#include "controlplane/admin/agents_handler.h"
#include "controlplane/admin/apply_handler.h"
#include "controlplane/admin/backup_reactor.h"
#include "controlplane/admin/delete_handler.h"
#include "controlplane/admin/get_handler.h"
#include "controlplane/admin/history_handler.h"
#include "controlplane/admin/list_handler.h"
#include "controlplane/admin/log_level_handler.h"
#include "controlplane/admin/restore_handler.h"
#include "controlplane/admin/status_handler.h"
#include "controlplane/admin/top_handler.h"
#include "controlplane/identity/gate.h"
#include "switchyard/v1/fleet.grpc.pb.h"

namespace switchyard::controlplane::admin {
namespace {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;
template <class Response>
using CallPtr = std::shared_ptr<rpc::UnaryCall<Response>>;

// The name on the caller's certificate. The Gate has let it through, so there is one.
std::string CallerName(const Context& context) {
  const auto peer = identity::PeerOf(context);
  return peer.ok() ? peer->name : "unknown";
}

class FleetServiceImpl final : public v1::FleetService::CallbackService {
 public:
  explicit FleetServiceImpl(FleetServiceParts parts) : parts_(std::move(parts)) {
    backup_.parts = &parts_.backup;
    backup_.calls = parts_.calls;
  }

  Reactor* Apply(Context* context, const v1::ApplyRequest* request, v1::ApplyResponse* response) override {
    return Change<v1::ApplyRequest>(context, request, response, &ApplyResponseOf);
  }
  Reactor* Delete(Context* context, const v1::DeleteRequest* request, v1::DeleteResponse* response) override {
    return Change<v1::DeleteRequest>(context, request, response, &DeleteResponseOf);
  }
  Reactor* Get(Context*, const v1::GetRequest* request, v1::Resource* response) override {
    return Answer(response, [this, request] { return HandleGet(*parts_.store, *request); });
  }
  Reactor* List(Context*, const v1::ListRequest* request, v1::ListResponse* response) override {
    return Answer(response, [this, request] { return HandleList(*parts_.store, *request); });
  }
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context*, const v1::WatchRequest* request) override {
    return parts_.watchers->Start(*request);
  }
  Reactor* History(Context*, const v1::HistoryRequest* request, v1::HistoryResponse* response) override {
    return Answer(response, [this, request] { return HandleHistory(*parts_.store, *request); });
  }
  Reactor* Agents(Context*, const v1::AgentsRequest* request, v1::AgentsResponse* response) override {
    return Answer(response, [this, request] {
      return HandleAgents(*parts_.registry, *parts_.clock, parts_.store->Read()->generation, *request);
    });
  }
  Reactor* Status(Context*, const v1::StatusRequest* request, v1::StatusResponse* response) override {
    return Answer(response, [this, request] { return HandleStatus(*parts_.store, *parts_.registry, *request); });
  }
  Reactor* Top(Context*, const v1::TopRequest* request, v1::TopResponse* response) override {
    return Answer(response, [this, request] { return HandleTop(*parts_.aggregator, *request); });
  }
  Reactor* CreateToken(Context* context, const v1::CreateTokenRequest* request, v1::CreateTokenResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)] {
      auto created = parts_.tokens->Create(*request);
      if (created.ok()) parts_.log->Info("join token created", {{"token", created->info().id()}, {"by", caller}, {"uses", created->info().uses_left()}});
      return created;
    });
  }
  Reactor* ListTokens(Context*, const v1::ListTokensRequest*, v1::ListTokensResponse* response) override {
    return Answer(response, [this] { return parts_.tokens->List(); });
  }
  Reactor* RevokeToken(Context* context, const v1::RevokeTokenRequest* request, v1::RevokeTokenResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)]() -> absl::StatusOr<v1::RevokeTokenResponse> {
      if (auto status = parts_.tokens->Revoke(request->id()); !status.ok()) return status;
      parts_.log->Info("join token revoked", {{"token", request->id()}, {"by", caller}});
      return v1::RevokeTokenResponse();
    });
  }
  Reactor* Info(Context*, const v1::InfoRequest*, v1::InfoResponse* response) override {
    return Answer(response, [this]() -> absl::StatusOr<v1::InfoResponse> {
      return HandleInfo(parts_.facts, *parts_.store, *parts_.registry);
    });
  }
  grpc::ServerWriteReactor<v1::BackupChunk>* Backup(Context* context, const v1::BackupRequest*) override {
    parts_.log->Info("backup asked for", {{"by", CallerName(*context)}});
    return StartBackup(backup_);
  }
  grpc::ServerReadReactor<v1::RestoreChunk>* Restore(Context* context, v1::RestoreResponse* response) override {
    return StartRestore(backup_, response, [this, caller = CallerName(*context)](auto file, const v1::RestoreChunk& words, auto done) {
      auto found = backup::ReadResources(file->descriptor(), *parts_.backup.seal);
      if (!found.ok()) return done({grpc::StatusCode::INVALID_ARGUMENT, std::string(Message(found.status()))}, {});
      const bool queued = parts_.changes->Post([this, caller, words, done, found = *std::move(found)] {
        const Intent intent = IntentOf(words, found, *parts_.store->Read(), caller);
        IntentResult result = ChangeIntent(*parts_.store, *parts_.clock, intent);
        LogChange(intent, result);
        v1::RestoreResponse answer;
        answer.set_generation(result.generation);
        answer.set_restored(found.generation);
        answer.mutable_changes()->Assign(result.changes.begin(), result.changes.end());
        const bool explained = !result.status.ok() && result.violations.total() > 0;
        done(explained ? rpc::WithViolations(result.status, std::move(result.violations)) : rpc::ToGrpc(result.status), std::move(answer));
      });
      if (!queued) done({grpc::StatusCode::RESOURCE_EXHAUSTED, "the controller has too many calls at once; try again"}, {});
    });
  }
  Reactor* SetLogLevel(Context* context, const v1::SetLogLevelRequest* request, v1::SetLogLevelResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)] {
      auto told = HandleSetLogLevel(*parts_.registry, parts_.set_log_level, *request);
      if (told.ok()) parts_.log->Info("log level changed", {{"by", caller}, {"agents", told->told_size()}, {"controller", request->controller()}});
      return told;
    });
  }

 private:
  // Runs `handler` in `calls` and answers with what it returns.
  template <class Response, class Handler>
  Reactor* Answer(Response* response, Handler handler) {
    auto call = rpc::UnaryCall<Response>::Start(response);
    Reactor* reactor = call->reactor();
    Queue(*parts_.calls, call, [call, handler = std::move(handler)] {
      auto answer = handler();
      if (answer.ok()) {
        call->Finish(grpc::Status::OK, *std::move(answer));
      } else {
        call->Finish(rpc::ToGrpc(answer.status()));
      }
    });
    return reactor;
  }

  template <class Response>
  void Queue(runtime::WorkQueue& queue, const CallPtr<Response>& call, std::function<void()> task) {
    if (queue.Post(std::move(task))) return;
    call->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "the controller has too many calls at once; try again"});
  }

  // Apply and Delete.
  template <class Request, class Response>
  Reactor* Change(Context* context, const Request* request, Response* response, Response (*respond)(const IntentResult&)) {
    auto call = rpc::UnaryCall<Response>::Start(response);
    Reactor* reactor = call->reactor();
    Queue(*parts_.changes, call, [this, call, request, respond, caller = CallerName(*context)] {
      const Intent intent = IntentOf(*request, caller);
      IntentResult result = ChangeIntent(*parts_.store, *parts_.clock, intent);
      LogChange(intent, result);
      if (!result.status.ok() && result.violations.total() > 0) {
        call->Finish(rpc::WithViolations(result.status, std::move(result.violations)));
      } else if (!result.status.ok()) {
        call->Finish(rpc::ToGrpc(result.status));
      } else if (intent.wait && !intent.dry_run && result.generation > 0) {
        Wait(call, result, *intent.wait, respond(result));
      } else {
        call->Finish(grpc::Status::OK, respond(result));
      }
    });
    return reactor;
  }

  // Answers once the generation has arrived everywhere, or was refused, or the time is over.
  template <class Response>
  void Wait(const CallPtr<Response>& call, const IntentResult& result, Duration timeout, Response response) {
    auto waiter = parts_.registry->WaitFor(result.generation, result.committed, timeout, [call, response](v1::Convergence convergence) mutable {
      *response.mutable_convergence() = std::move(convergence);
      call->Finish(grpc::Status::OK, std::move(response));
    });
    if (!waiter.ok()) {
      // The change is committed, so this is no error of the call: it tells how far the generation has come by now.
      parts_.log->Warn("cannot wait for agents", {{"reason", Message(waiter.status())}});
      *response.mutable_convergence() = parts_.registry->ConvergenceOf(result.generation, result.committed);
      call->Finish(grpc::Status::OK, std::move(response));
      return;
    }
    call->OnCancelled([registry = parts_.registry, call = std::weak_ptr(call), id = *waiter] {
      registry->CancelWait(id);
      if (const auto left = call.lock()) left->Finish(grpc::Status::CANCELLED);
    });
  }

  void LogChange(const Intent& intent, const IntentResult& result) {
    if (!result.status.ok()) {
      parts_.log->Warn("change refused", {{"author", intent.author}, {"reason", Message(result.status)}});
    } else if (!intent.dry_run) {
      const auto changed = std::count_if(result.changes.begin(), result.changes.end(),
                                         [](const v1::Change& c) { return c.action() != v1::Change::ACTION_UNCHANGED; });
      parts_.log->Info(changed > 0 ? "change committed" : "nothing changed",
                       {{"generation", result.generation}, {"author", intent.author}, {"resources", changed}});
    }
  }

  const FleetServiceParts parts_;
  BackupService backup_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeFleetService(FleetServiceParts parts) { return std::make_unique<FleetServiceImpl>(std::move(parts)); }

}  // namespace switchyard::controlplane::admin
