// MirrorRequest: a copy of a request, sent to another upstream and forgotten. MirrorDraft: the copy while the request still comes in.
//
// Nothing about it reaches the request that it was copied from: it has its own memory, its own connection and its own end. It counts as
// an attempt in the windows of its upstream, since that is what the upstream sees.
// Thread-safety: its worker. Bounds: MirrorSet::kMost at once; the body is as large as the policy allows; one attempt; one deadline from the
// start to the end of the response. Life: kept by the MirrorSet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/breaker/outcome.h"
#include "agent/exchange/mirror_set.h"
#include "agent/exchange/worker_view.h"
#include "agent/loop/event_loop.h"
#include "agent/upstream/client_stream.h"
#include "agent/upstream/connection_pool.h"

namespace switchyard::agent::exchange {

struct MirrorDraft {
  MirrorDraft(const upstream::OutgoingRequest& request, std::size_t most_body);
  // False: the body is too large, the draft is of no more use.
  bool Append(std::string_view data);

  std::string method;
  std::string path_and_query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool has_body = false;
  std::size_t most_body = 0;
};

class MirrorRequest final : public MirrorSet::Member,
                            private upstream::ClientStreamEvents,
                            private upstream::ConnectionPool::Waiter,
                            private loop::Timer::Owner {
 public:
  // Sends it, unless there is no room or no backend for it. `upstream`: its place in the view.
  static void Send(loop::EventLoop& loop, const loop::Ref<WorkerView>& view, std::uint32_t upstream, MirrorDraft draft, Duration timeout);

  void Cancel() override { End(); }

 private:
  MirrorRequest(loop::EventLoop& loop, const loop::Ref<WorkerView>& view, std::uint32_t upstream, MirrorDraft draft, Duration timeout);

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
  const MirrorDraft draft_;
  const Duration timeout_;
  loop::Timer timer_;
  loop::Ref<upstream::BackendState> backend_;
  loop::Ref<upstream::ClientStream> stream_;
  std::vector<codec::Header> headers_;
  TimePoint sent_{};
  std::uint32_t ticket_ = 0;
  breaker::AttemptResult result_;
  bool ended_ = false;
};

}  // namespace switchyard::agent::exchange
