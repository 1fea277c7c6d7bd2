// UnaryCall: the server's end of one unary call that is answered later, from any thread, without holding one meanwhile.
//
// Life: `Start` makes the call and its gRPC reactor. gRPC owns the reactor until OnDone, where it deletes itself; the reactor and whoever
// will answer share the UnaryCall. `Finish` counts once: the first wins, later ones do nothing. Since OnDone comes only after that Finish,
// the reactor, the request and the response stay valid until then, even when the client has gone.
// Cancelling: a client that leaves is noticed only by a call that waits: it sets `OnCancelled`, which runs at once if the client has left
// already. The hook must lead to Finish.
//
// Thread-safety: every method from any thread. The hook runs without a lock held. Errors: none.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

namespace switchyard::rpc {

template <class Response>
class UnaryCall {
 public:
  // `response` is gRPC's. Return `reactor()` to gRPC.
  static std::shared_ptr<UnaryCall> Start(Response* response) {
    auto call = std::make_shared<UnaryCall>(response);
    call->reactor_ = new Reactor(call);
    return call;
  }
  explicit UnaryCall(Response* response) : response_(response) {}

  // REQUIRES: called before the call may be finished by another thread.
  grpc::ServerUnaryReactor* reactor() { return reactor_; }

  void Finish(const grpc::Status& status, Response response = {}) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
      hook_ = nullptr;
    }
    // Only the winner comes here, so nobody else touches these.
    if (status.ok()) *response_ = std::move(response);
    reactor_->Finish(status);
  }

  void OnCancelled(std::function<void()> hook) {
    {
      const std::lock_guard lock(mutex_);
      if (finished_) return;
      if (!cancelled_) {
        hook_ = std::move(hook);
        return;
      }
    }
    hook();
  }

 private:
  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    explicit Reactor(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}
    void OnCancel() override { call_->Cancelled(); }
    void OnDone() override { delete this; }

   private:
    std::shared_ptr<UnaryCall> call_;
  };

  void Cancelled() {
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      hook = std::exchange(hook_, nullptr);
    }
    if (hook) hook();
  }

  Response* const response_;
  Reactor* reactor_ = nullptr;
  std::mutex mutex_;
  bool cancelled_ = false;
  bool finished_ = false;
  std::function<void()> hook_;
};

}  // namespace switchyard::rpc
