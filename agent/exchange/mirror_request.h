// MirrorRequest: a copy of a request, sent to another upstream and forgotten. MirrorDraft: the copy while the request still comes in.
//
// Nothing about it reaches the request that it was copied from: it has its own memory, its own connection and its own end. It counts as
// an attempt in the windows of its upstream, since that is what the upstream sees; once, like any attempt.
// It takes a connection that is free or has one made, and is not sent when it would have to wait among the requests of a full pool. Nor is it
// sent to an upstream with PROXY protocol, whose connections belong to clients; validation refuses that.
// Thread-safety: its worker. Bounds: from the first byte of the draft on policy::Mirror::kMost at once of a route, MirrorSet::kMost on a worker;
// the body is as large as the policy allows; one attempt; one deadline from the start to the end of the response, which ends quietly what has
// answered by then. Life: kept by the MirrorSet.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/breaker/outcome.h"
#include "agent/exchange/mirror_set.h"
#include "agent/exchange/worker_view.h"
#include "agent/loop/event_loop.h"
#include "agent/policy/encoder.h"
#include "agent/policy/route_policies.h"
#include "agent/upstream/client_stream.h"
#include "agent/upstream/connection_pool.h"

namespace switchyard::agent::exchange {

struct MirrorDraft {
  // Null: there is no room for it.
  static std::unique_ptr<MirrorDraft> Begin(const upstream::OutgoingRequest& request, const policy::Mirror& policy, MirrorSet& set);
  // False: the body is too large, the draft is of no more use.
  bool Append(std::string_view data);

  std::string method;
  std::string path_and_query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool has_body = false;
  bool states_empty_body = false;
  bool te_trailers = false;
  std::size_t most_body = 0;
  policy::Lease of_route;
  MirrorSet::Place of_worker;

 private:
  MirrorDraft(const upstream::OutgoingRequest& request, std::size_t most, policy::Lease lease, MirrorSet::Place place);
};

class MirrorRequest final : public MirrorSet::Member,
                            private upstream::ClientStreamEvents,
                            private upstream::ConnectionPool::Waiter,
                            private loop::Timer::Owner {
 public:
  // Sends it, unless there is no backend or connection for it. `upstream`: its place in the view.
  static void Send(loop::EventLoop& loop, const loop::Ref<WorkerView>& view, std::uint32_t upstream, std::unique_ptr<const MirrorDraft> draft,
                   Duration timeout);

  void Cancel() override { End(); }

 private:
  MirrorRequest(loop::EventLoop& loop, const loop::Ref<WorkerView>& view, std::uint32_t upstream, std::unique_ptr<const MirrorDraft> draft,
                Duration timeout);

  void OnResponseHead(const codec::ResponseHead& head) override;
  void OnResponseBody(std::string_view data) override;
  void OnResponseEnd(const codec::Trailers* trailers) override;
  void OnResponseTurn() override {}
  void OnUpstreamWritable() override {}
  void OnUpstreamFailed(Cause cause) override;
  void OnStream(loop::Ref<upstream::ClientStream> stream, bool reused) override;
  void OnNoConnection(Cause cause) override;
  void OnTimer(loop::Timer& timer) override;

  void Start();
  void Fail(Cause cause);
  void End();

  loop::EventLoop& loop_;
  const loop::Ref<WorkerView> view_;
  upstream::UpstreamState& upstream_;
  const std::unique_ptr<const MirrorDraft> draft_;
  const Duration timeout_;
  loop::Timer timer_;
  loop::Ref<upstream::BackendState> backend_;
  loop::Ref<upstream::ClientStream> stream_;
  std::vector<codec::Header> headers_;
  TimePoint sent_{};
  balancer::Ticket ticket_;
  breaker::AttemptResult result_;
  std::uint16_t status_ = 0;  // of the answer, unless it was cut
  bool ended_ = false;
};

}  // namespace switchyard::agent::exchange
