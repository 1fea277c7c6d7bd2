// UpstreamState, BackendState: the live facts of an upstream on one worker. Config says what should be, state says what is.
//
// A BackendState is carried from one configuration to the next by its address, with its connections, counts and requests under way; an
// upstream whose configuration did not change keeps its whole state.
//
// Thread-safety: its worker. Bounds: those of the upstream. Cost of Pick: the balancer's; who is usable is looked up anew every 10 ms.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/balancer/others.h"
#include "agent/balancer/picker.h"
#include "agent/breaker/retry_budget.h"
#include "agent/codec/head.h"
#include "agent/loop/event_loop.h"
#include "agent/report/evidence.h"
#include "agent/report/troubled_routes.h"
#include "agent/report/window.h"
#include "agent/upstream/announced_pools.h"
#include "agent/upstream/connection_pool.h"
#include "agent/upstream/upstream_config.h"

namespace switchyard::agent::upstream {

// One backend of one upstream, as one worker knows it.
class BackendState final : public loop::RefCounted {
 public:
  // What is left uncollected when the state goes is added to `departed`, which must outlive it.
  BackendState(loop::EventLoop& loop, const std::string& upstream, const BackendConfig& config, const PoolLimits& limits,
               report::Window& departed);
  ~BackendState() override;

  const std::string& address() const { return address_; }
  const Endpoint& endpoint() const { return endpoint_; }
  ConnectionPool& pool() { return *pool_; }
  // Connections that start with a PROXY protocol header.
  AnnouncedPools& announced() { return announced_; }
  report::BackendWindow& window() { return window_; }
  std::uint32_t in_flight() const { return record_.in_flight; }

  // The ticket goes back with the result, exactly once. `route`: for whom, if for one.
  balancer::Ticket AttemptStarted(const breaker::RouteName& route = {});
  void AttemptEnded(const balancer::Ticket& ticket, const breaker::AttemptResult& result, const breaker::RouteName& route = {});
  // What the backend says of its load with a response that took `latency`; see agent/codec/endpoint_load.h.
  void TakeLoad(std::string_view text, Duration latency);
  // A connection could not be made, and the request that it was for had gone another way.
  void ConnectFailed(Cause cause);
  // Moves the counts out; gauges are of now.
  report::BackendWindow Collect();
  // Moves out what the fleet's loop has not been told; nothing when nothing changed.
  std::optional<report::BackendEvidence> TakeEvidence();

 private:
  friend class UpstreamState;
  // False: it is to be counted with the rest.
  bool CountForRoute(const breaker::AttemptResult& result, std::uint64_t route, bool bad);

  loop::EventLoop& loop_;
  const std::string upstream_;
  const std::string address_;
  const Endpoint endpoint_;
  loop::Ref<ConnectionPool> pool_;
  AnnouncedPools announced_;
  report::BackendWindow window_;
  report::Window& departed_;
  balancer::BackendRecord record_;
  report::EvidenceCounts evidence_;
  // Null: no route has trouble here, or none that could not as well be the backend's.
  std::unique_ptr<report::TroubledRoutes> troubled_;
  std::uint32_t in_flight_told_ = 0;
  balancer::Others others_;  // what others have in flight
  bool left_out_ = false;  // of the agent's subset: no connections are made ahead
  std::uint64_t opened_told_ = 0;
  std::uint64_t ejections_told_ = 0;
  std::uint64_t routes_opened_told_ = 0;
  std::uint64_t routes_refused_told_ = 0;
  balancer::Picker* picker_ = nullptr;  // of the newest UpstreamState
  std::size_t member_ = 0;              // there
};

// What a request says about where it belongs.
struct Affinity {
  std::optional<std::uint64_t> key;
  std::size_t session = balancer::kNone;  // the backend its cookie names
};

class UpstreamState final : public loop::RefCounted {
 public:
  // `previous` (may be null): the state of the same upstream until now.
  UpstreamState(loop::EventLoop& loop, std::shared_ptr<const UpstreamConfig> config, UpstreamState* previous, report::Window& departed);
  ~UpstreamState() override;

  const UpstreamConfig& config() const { return *config_; }
  const std::shared_ptr<const UpstreamConfig>& shared_config() const { return config_; }
  const std::vector<loop::Ref<BackendState>>& backends() const { return backends_; }
  // How many routes forward to it. With several each has breakers of its own.
  void SetRoutes(std::uint32_t count) { picker_->SetSeveralRoutes(count > 1); }

  Affinity AffinityOf(const codec::RequestHead& head, std::string_view client_ip) const;
  // Null when no backend may take the request; refusal() says why. `avoid`: where it just failed, or null. `route`: the id of its route, 0: none.
  BackendState* Pick(const Affinity& affinity, const BackendState* avoid, std::uint64_t route = 0);
  Cause refusal(std::uint64_t route = 0) const;
  // A backend of the other IP family than `than` that may take the request now; null: there is none. For a request whose connection takes its time.
  BackendState* PickOtherFamily(const BackendState& than, std::uint64_t route);
  bool has_both_families() const { return has_both_families_; }
  // Bulkhead: false when this worker has as many attempts under way as it may. Each true is followed by one Leave.
  bool HasRoom(bool retry) const;
  bool Enter(bool retry);
  void Leave(bool retry, bool failed);
  breaker::RetryBudget& retry_budget() { return usage_->retry_budget; }
  // `Set-Cookie` for a response of `backend`; empty when the client has it or the upstream is not sticky.
  std::string SessionCookie(const Affinity& affinity, const BackendState& backend) const;

 private:
  void Refresh(TimePoint now);
  void TakeFleet(std::size_t at);
  void TakeOthers(TimePoint now);
  PoolLimits PoolOf(const BackendConfig& backend, bool left_out) const;
  std::size_t IndexOf(const BackendState* backend) const;

  loop::EventLoop& loop_;
  const std::shared_ptr<const UpstreamConfig> config_;
  std::vector<loop::Ref<BackendState>> backends_;
  std::unique_ptr<balancer::Picker> picker_;
  TimePoint others_told_{};  // the overlay that its picker has; zero: none
  bool has_both_families_ = false;
  // What is under way; goes on from one configuration to the next, as the requests do.
  struct Usage final : loop::RefCounted {
    breaker::RetryBudget retry_budget;
    std::uint32_t requests = 0;
    std::uint32_t retries = 0;
  };
  loop::Ref<Usage> usage_;
};

}  // namespace switchyard::agent::upstream
