#include "controlplane/admin/fleet_service.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include "common/base/status.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/unary_call.h"
#include "controlplane/admin/agents_handler.h"
#include "controlplane/admin/apply_handler.h"
#include "controlplane/admin/backup_reactor.h"
#include "controlplane/admin/delete_handler.h"
#include "controlplane/admin/explain_handler.h"
#include "controlplane/admin/get_handler.h"
#include "controlplane/admin/history_handler.h"
#include "controlplane/admin/list_handler.h"
#include "controlplane/admin/log_level_handler.h"
#include "controlplane/admin/overrides.h"
#include "controlplane/admin/overview_handler.h"
#include "controlplane/admin/past.h"
#include "controlplane/admin/restore_handler.h"
#include "controlplane/admin/series_handler.h"
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
    return Change<v1::ApplyRequest>(context, "apply", request, response, &ApplyResponseOf);
  }
  Reactor* Delete(Context* context, const v1::DeleteRequest* request, v1::DeleteResponse* response) override {
    return Change<v1::DeleteRequest>(context, "delete", request, response, &DeleteResponseOf);
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
      return HandleAgents(*parts_.registry, *parts_.clock, parts_.store->Read()->generation, *request, parts_.board);
    });
  }
  Reactor* Status(Context*, const v1::StatusRequest* request, v1::StatusResponse* response) override {
    return Answer(response, [this, request] { return HandleStatus(*parts_.store, *parts_.registry, *request); });
  }
  Reactor* Top(Context*, const v1::TopRequest* request, v1::TopResponse* response) override {
    return Answer(response, [this, request] { return HandleTop(*parts_.aggregator, *request); });
  }
  Reactor* Explain(Context*, const v1::ExplainRequest* request, v1::ExplainResponse* response) override {
    return Answer(response, [this, request] { return HandleExplain(*parts_.fleet, *parts_.aggregator, *request); });
  }
  Reactor* Weights(Context*, const v1::WeightsRequest* request, v1::WeightsResponse* response) override {
    return Answer(response, [this, request]() -> absl::StatusOr<v1::WeightsResponse> { return parts_.fleet->Weights(*request); });
  }
  Reactor* SetOverride(Context* context, const v1::SetOverrideRequest* request, v1::SetOverrideResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)] {
      auto done = HandleSetOverride(*parts_.store, *parts_.fleet, *parts_.clock, *request);
      if (done.ok()) {
        parts_.log->Warn("backend overridden",
                         {{"backend", request->backend()},
                          {"override", v1::Override_Name(request->override())},
                          {"by", caller},
                          {"reason", request->reason()}});
      }
      return done;
    });
  }
  Reactor* CreateToken(Context* context, const v1::CreateTokenRequest* request, v1::CreateTokenResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)] {
      auto created = parts_.tokens->Create(*request);
      if (created.ok()) {
        parts_.log->Info("join token created", {{"token", created->info().id()}, {"by", caller}, {"uses", created->info().uses_left()}});
        parts_.desk->Note(caller, "token create", "token " + created->info().id());
      }
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
      parts_.desk->Note(caller, "token revoke", "token " + request->id());
      return v1::RevokeTokenResponse();
    });
  }
  Reactor* Info(Context*, const v1::InfoRequest*, v1::InfoResponse* response) override {
    return Answer(response, [this]() -> absl::StatusOr<v1::InfoResponse> {
      return HandleInfo(parts_.facts, *parts_.store, *parts_.registry);
    });
  }
  grpc::ServerWriteReactor<v1::BackupChunk>* Backup(Context* context, const v1::BackupRequest*) override {
    const std::string caller = CallerName(*context);
    parts_.log->Info("backup asked for", {{"by", caller}});
    // Not here, on gRPC's thread: a note is written to the disk.
    const bool noted = parts_.calls->Post([this, caller] { parts_.desk->Note(caller, "backup", "everything"); });
    if (!noted) parts_.log->Warn("the list of actions lacks a backup", {{"by", caller}});
    return StartBackup(backup_);
  }
  grpc::ServerReadReactor<v1::RestoreChunk>* Restore(Context* context, v1::RestoreResponse* response) override {
    return StartRestore(backup_, response, [this, caller = CallerName(*context)](auto file, const v1::RestoreChunk& words, auto done) {
      auto found = backup::ReadResources(file->descriptor(), *parts_.backup.seal);
      if (!found.ok()) return done({grpc::StatusCode::INVALID_ARGUMENT, std::string(Message(found.status()))}, {});
      const bool queued = parts_.changes->Post([this, caller, words, done, found = *std::move(found)] {
        const Intent intent = IntentOf(words, found, *parts_.store->Read(), caller);
        IntentResult result = parts_.desk->Carry(intent, "restore", caller);
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
      if (!told.ok()) return told;
      parts_.log->Info("log level changed", {{"by", caller}, {"agents", told->told_size()}, {"controller", request->controller()}});
      parts_.desk->Note(caller, "logs level", fmt::format("{} agents{}", told->told_size(), request->controller() ? ", the controller" : ""));
      return told;
    });
  }

  Reactor* Overview(Context*, const v1::OverviewRequest*, v1::OverviewResponse* response) override {
    return Answer(response, [this]() -> absl::StatusOr<v1::OverviewResponse> {
      return HandleOverview(parts_.facts, {parts_.clock, parts_.store, parts_.registry, parts_.recorder, parts_.found, parts_.fleet});
    });
  }
  Reactor* Series(Context*, const v1::SeriesRequest* request, v1::SeriesResponse* response) override {
    return Answer(response, [this, request] { return HandleSeries(parts_.recorder->ring(), *parts_.clock, *request); });
  }
  Reactor* Diff(Context*, const v1::DiffRequest* request, v1::DiffResponse* response) override {
    return Answer(response, [this, request] { return HandleDiff(*parts_.store, *request); });
  }
  Reactor* Rollback(Context* context, const v1::RollbackRequest* request, v1::ApplyResponse* response) override {
    auto call = rpc::UnaryCall<v1::ApplyResponse>::Start(response);
    Reactor* reactor = call->reactor();
    Queue(*parts_.changes, call, [this, call, request, caller = CallerName(*context)] {
      Intent intent;
      const IntentResult result = parts_.desk->Rollback(*request, caller, intent);
      Finish(call, intent, result, &ApplyResponseOf);
    });
    return reactor;
  }
  Reactor* CreateCredential(Context* context, const v1::CreateCredentialRequest* request, v1::CreateCredentialResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)] {
      auto created = parts_.credentials->Create(*request, caller);
      if (created.ok()) parts_.desk->Note(caller, "credential create", fmt::format("credential {} for {}", created->info().id(), request->name()));
      return created;
    });
  }
  Reactor* ListCredentials(Context*, const v1::ListCredentialsRequest*, v1::ListCredentialsResponse* response) override {
    return Answer(response, [this] { return parts_.credentials->List(); });
  }
  Reactor* RevokeCredential(Context* context, const v1::RevokeCredentialRequest* request, v1::RevokeCredentialResponse* response) override {
    return Answer(response, [this, request, caller = CallerName(*context)]() -> absl::StatusOr<v1::RevokeCredentialResponse> {
      if (auto status = parts_.credentials->Revoke(request->id()); !status.ok()) return status;
      parts_.desk->Note(caller, "credential revoke", "credential " + request->id());
      return v1::RevokeCredentialResponse();
    });
  }
  Reactor* Actions(Context*, const v1::ActionsRequest* request, v1::ActionsResponse* response) override {
    return Answer(response, [this, request] { return parts_.actions->List(*request); });
  }
  Reactor* DashboardLogin(Context* context, const v1::DashboardLoginRequest*, v1::DashboardLoginResponse* response) override {
    return Answer(response, [this, peer = identity::PeerOf(*context)]() -> absl::StatusOr<v1::DashboardLoginResponse> {
      if (!peer.ok()) return peer.status();
      return parts_.dashboard_login(*peer);
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
  Reactor* Change(Context* context, std::string_view verb, const Request* request, Response* response, Response (*respond)(const IntentResult&)) {
    auto call = rpc::UnaryCall<Response>::Start(response);
    Reactor* reactor = call->reactor();
    Queue(*parts_.changes, call, [this, call, verb, request, respond, caller = CallerName(*context)] {
      const Intent intent = IntentOf(*request, caller);
      Finish(call, intent, parts_.desk->Carry(intent, verb, caller), respond);
    });
    return reactor;
  }

  template <class Response>
  void Finish(const CallPtr<Response>& call, const Intent& intent, const IntentResult& result, Response (*respond)(const IntentResult&)) {
    if (!result.status.ok() && result.violations.total() > 0) {
      call->Finish(rpc::WithViolations(result.status, result.violations));
    } else if (!result.status.ok()) {
      call->Finish(rpc::ToGrpc(result.status));
    } else if (intent.wait && !intent.dry_run && result.generation > 0) {
      Wait(call, result, *intent.wait, respond(result));
    } else {
      call->Finish(grpc::Status::OK, respond(result));
    }
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

  const FleetServiceParts parts_;
  BackupService backup_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeFleetService(FleetServiceParts parts) { return std::make_unique<FleetServiceImpl>(std::move(parts)); }

}  // namespace switchyard::controlplane::admin
