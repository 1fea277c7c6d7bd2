// Exchange: one request from the moment its head is there to the moment its response is out. The steps of DESIGN, in order:
//
//   1. Start: take the view once; refuse loops.            5. Response head comes: rewrite it, pass it on; 101 turns both sides raw.
//   2. Match the route; choose the upstream by weight.     6. Pump both bodies with back-pressure until both ends are there.
//   3. Attempt: pick a backend, get a connection.          7. Done: one Summary, counted once.
//   4. Send the rewritten head; let the body flow.         (fails before 5: another attempt if redispatch.h allows, else a local reply)
//
// Thread-safety: its worker. Life: kept by its server connection until Done, and by the events it waits for.
// Bounds: at most kMaxAttempts attempts; bodies are never held beyond the streams' high water. Errors: every end that is not the backend's
// own answer has a Cause.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/exchange/forwarding.h"
#include "agent/exchange/local_reply.h"
#include "agent/exchange/server_stream.h"
#include "agent/exchange/worker_view.h"
#include "agent/loop/event_loop.h"
#include "agent/router/route.h"
#include "agent/upstream/client_stream.h"
#include "agent/upstream/connection_pool.h"

namespace switchyard::agent::policy {
class PolicyChain;
}

namespace switchyard::agent::exchange {

struct MirrorDraft;

class Exchange final : public loop::RefCounted,
                       public ServerStreamEvents,
                       private upstream::ClientStreamEvents,
                       private upstream::ConnectionPool::Waiter,
                       private loop::Timer::Owner {
 public:
  // `head` and `server` must outlive Done; `listener` belongs to `view`.
  Exchange(loop::EventLoop& loop, ServerStream& server, const codec::RequestHead& head, loop::Ref<WorkerView> view,
           const snapshot::ListenerConfig& listener, TimePoint started);
  ~Exchange() override;

  // `new (loop) Exchange(...)` uses memory of the loop's pool; either form may be deleted.
  static void* operator new(std::size_t size, loop::EventLoop& loop) { return loop.blocks().Take(size); }
  static void* operator new(std::size_t size) { return loop::BlockPool::TakeFromHeap(size); }
  static void operator delete(void* block) { loop::BlockPool::Give(block); }
  static void operator delete(void* block, loop::EventLoop&) { loop::BlockPool::Give(block); }

  void Start();
  // Answers with the cause and ends; for refusals that come before routing.
  void Refuse(Cause cause);
  bool done() const { return done_; }

  // ServerStreamEvents:
  void OnRequestBody(std::string_view data) override;
  void OnRequestEnd(const codec::Trailers* trailers) override;
  void OnRequestTurn() override;
  void OnClientWritable() override;
  void OnRequestFailed(Cause cause) override;

 private:
  enum class Phase : std::uint8_t { kNew, kQueued, kSending, kWaiting, kStreaming, kBackoff };

  // ClientStreamEvents:
  void OnResponseHead(const codec::ResponseHead& head) override;
  void OnResponseBody(std::string_view data) override;
  void OnResponseEnd(const codec::Trailers* trailers) override;
  void OnResponseTurn() override;
  void OnUpstreamWritable() override;
  void OnUpstreamFailed(Cause cause) override;
  // Waiter:
  void OnStream(loop::Ref<upstream::ClientStream> stream, bool reused) override;
  void OnNoConnection(Cause cause) override;
  // Timer:
  void OnTimer(loop::Timer& timer) override;

  void Attempt();
  breaker::RouteName asker() const { return {route_->id, route_->name}; }
  // exchange_race.cc: a second way to a backend while the first is being made.
  class Race;
  bool MayRace() const;
  void StartRace();
  void RaceWon(loop::Ref<upstream::ClientStream> stream);
  void RaceFailed(Cause cause);
  void GoOnWithRace(Cause cause);
  void WaitForConnection(Duration most);
  loop::Ref<upstream::ConnectionPool> PoolOf(upstream::BackendState& backend) const;
  void AttemptFailed(Cause cause);
  bool Retry(Cause cause, std::uint16_t status);
  void AttemptTimedOut();
  bool TimedOut() const;
  void SetTimer(TimePoint at);
  void CountFailure(Cause cause);
  void EndAttempt();
  void DropUpstream();
  // gRPC says in a field of head or trailers how it went; its status is 200 whatever happens.
  void JudgeGrpc(std::string_view status);
  void SendInformational(const codec::ResponseHead& head);
  void SendFinalHead(const codec::ResponseHead& head);
  void TellLoad(const codec::ResponseHead& head);
  void RequestSent();
  // It takes no more for now.
  void AwaitClient();
  void Progress();
  // Cancels the timer but for the deadline of the whole request.
  void Disarm();
  void OnDeadline();
  void LimitStream(const codec::ResponseHead& head);
  void EndRawIfBothDone();
  void AdaptRequest(upstream::OutgoingRequest& request);
  void AdaptSwitch();
  void CutResponse(Cause cause);
  void SendOwn(LocalReply reply, Cause cause, bool close);

  void EndPolicies();
  // exchange_policies.cc: where a route has policies, and names for requests.
  void NameRequest(bool replace);
  // False: the request has been answered.
  bool PassPolicies(std::string_view matched);
  void ShapeRequest(upstream::OutgoingRequest& request);
  void ShapeResponse(const codec::ResponseHead& head, OutgoingResponse& out);
  void ShapeOwn(LocalReply& reply, Cause cause);
  bool encodes() const;
  // False: the response is at its end.
  bool SendEncoded(std::string_view data, bool end);
  void FlushEncoded();
  void CopyForMirror(std::string_view data);
  void SendMirror();
  void Finish(Cause cause, bool complete);
  bool SendToClient(std::string_view data);
  // exchange_log.cc: what the access log is told.
  void NoteResponse(const std::vector<codec::Header>& headers);
  void NoteTrailers(const codec::Trailers& trailers);
  void WriteLine(Cause cause);

  loop::EventLoop& loop_;
  ServerStream& server_;
  const codec::RequestHead& head_;
  const loop::Ref<WorkerView> view_;
  const snapshot::ListenerConfig& listener_;
  const TimePoint started_;
  loop::Timer timer_;

  const router::Route* route_ = nullptr;
  upstream::UpstreamState* upstream_ = nullptr;
  loop::Ref<upstream::BackendState> backend_;
  loop::Ref<upstream::BackendState> failed_backend_;
  loop::Ref<upstream::ConnectionPool> pool_;  // of this attempt
  std::unique_ptr<Race> race_;                // beside it; null: none
  TimePoint attempt_began_{};                 // when it began to wait for a connection
  TimePoint waits_until_{};                   // and when that is over
  loop::Ref<upstream::ClientStream> stream_;
  std::unique_ptr<ExchangeScratch> scratch_;
  TimePoint deadline_{};      // the client's own; none if zero
  policy::PolicyChain* policies_ = nullptr;  // of scratch_; null: the route has none
  std::unique_ptr<MirrorDraft> mirror_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;  // of response bodies, to the client
  TimePoint hard_deadline_ = TimePoint::max();  // of the whole request or stream
  Cause hard_cause_ = Cause::kNone;
  TimePoint attempt_sent_{};
  Duration head_took_{-1};  // attempt sent to response head; below zero: there is none
  TimePoint response_deadline_{};
  TimePoint last_progress_{};
  upstream::Affinity affinity_;
  breaker::AttemptResult result_;  // of the present attempt, as far as it is known
  std::string session_cookie_;
  balancer::Ticket ticket_;        // of the present attempt
  TimePoint attempt_deadline_{};
  unsigned attempts_ = 0;
  std::uint16_t status_ = 0;
  std::int16_t grpc_status_ = -1;  // as far as the access log wants to know it
  Phase phase_ = Phase::kNew;
  bool attempt_open_ = false;
  bool race_due_ = false;  // the timer is for the beginning of a race
  bool attempt_is_retry_ = false;
  bool attempt_counted_ = false;  // as a failure
  bool sent_before_ = false;
  bool body_touched_ = false;
  bool request_ended_ = false;
  bool informed_ = false;  // the client has seen a 1xx of the present attempt
  bool response_started_ = false;
  bool response_ended_ = false;
  bool upgrades_ = false;  // the present attempt asks the backend to switch protocols
  bool raw_ = false;
  bool grpc_ = false;
  bool done_ = false;
  bool names_request_ = false;  // X-Request-Id goes to backend and client
  bool mirrors_ = false;
  bool unflushed_ = false;
  bool client_stalls_ = false;   // what was sent to it waits
  bool backend_stalls_ = false;
};

}  // namespace switchyard::agent::exchange
