// What the loop answers to people: the figures behind a verdict or a weight.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "controlplane/fleet/fleet_loop.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr std::size_t kMostViews = 50;
constexpr int kMostRows = 20'000;
constexpr std::size_t kMostRoutes = 20;
constexpr Duration kHistoryStep = std::chrono::seconds(5);

google::protobuf::Duration ToWire(Duration duration) {
  google::protobuf::Duration out;
  out.set_seconds(std::max<std::int64_t>(0, duration / std::chrono::seconds(1)));
  return out;
}

void AddViews(const Ledger& ledger, const Backend& backend, TimePoint now, v1::BackendExplanation& out) {
  std::vector<v1::AgentView> views;
  for (const auto& [agent, cell] : backend.users) {
    const Cell& own = agent->cells[cell];
    v1::AgentView& view = views.emplace_back();
    view.set_node(agent->node);
    view.set_attempts(own.counts.attempts(now));
    view.set_error(own.counts.error());
    view.set_at_fault(ledger.AtFault(*agent, now));
  }
  for (const Vote& vote : backend.votes) {
    auto at = std::find_if(views.begin(), views.end(), [&](const v1::AgentView& view) { return view.node() == vote.node; });
    if (at == views.end()) {
      at = views.insert(views.end(), v1::AgentView());
      at->set_node(vote.node);
    }
    at->set_prober(true);
    at->set_health(vote.health);
  }
  const double all = backend.lately.error();
  const auto odd = [all](const v1::AgentView& view) { return std::abs(view.error() - all) + (view.prober() ? 2 : 0); };
  std::sort(views.begin(), views.end(), [&](const auto& a, const auto& b) { return odd(a) != odd(b) ? odd(a) > odd(b) : a.node() < b.node(); });
  if (views.size() > kMostViews) views.resize(kMostViews);
  for (v1::AgentView& view : views) *out.add_views() = std::move(view);
}

google::protobuf::Duration ToWire(double microseconds) {
  google::protobuf::Duration out;
  out.set_seconds(static_cast<std::int64_t>(microseconds / 1e6));
  out.set_nanos(static_cast<std::int32_t>(std::fmod(microseconds, 1e6) * 1e3));
  return out;
}

void FillSlowness(const Slowness& slow, v1::BackendExplanation& out) {
  out.set_slow(slow.lately.error());
  out.set_slow_evidence(slow.suspicion.robust());
  if (slow.limit != LatencyShape::kUnknown) *out.mutable_slow_limit() = ToWire(LatencyShape::EndOf(slow.limit));
  const int pace = slow.shape.Quantile(kNineInTen, kLeastAnswers);
  if (pace != LatencyShape::kUnknown) *out.mutable_nine_in_ten() = ToWire(LatencyShape::EndOf(pace));
}

void FillVerdict(const Backend& backend, TimePoint now, WallTime wall, v1::BackendExplanation& out) {
  const VerdictMachine& machine = HeldAsSlow(backend) ? backend.slow->machine : backend.machine;
  out.set_verdict(backend.word.verdict() == v1::VERDICT_UNSPECIFIED ? v1::VERDICT_GOOD : backend.word.verdict());
  out.set_reason(backend.word.reason());
  if (machine.since() != TimePoint{}) *out.mutable_verdict_age() = ToWire(now - machine.since());
  if (machine.stage() == Stage::kEjected) *out.mutable_verdict_left() = ToWire(machine.until() - now);
  if (backend.override) *out.mutable_verdict_left() = ToWire(backend.override->until - wall);
  out.set_ejections(machine.ejections());
  out.set_backoff(machine.backoff());
  out.set_evidence(backend.suspicion.robust());
  out.set_evidence_of_all(backend.suspicion.sum());
  out.set_witnesses(backend.suspicion.witnesses());
  out.set_guard(backend.guard.empty() && backend.slow != nullptr ? backend.slow->guard : backend.guard);
  if (backend.slow != nullptr) FillSlowness(*backend.slow, out);
  out.set_share(machine.share());
  const stats::Hypotheses h = backend.machine.hypotheses(backend.upstream->usual_error);
  out.set_usual_error(h.p0);
  out.set_bad_error(h.p1);
}

}  // namespace

void FleetLoop::AddRoutes(const Backend& backend, TimePoint now, v1::BackendExplanation& out) const {
  if (backend.routes == nullptr) return;
  std::vector<v1::RouteView> rows;
  const std::vector<Suspicion::Route>& suspects = backend.suspicion.routes();
  for (const RouteView& view : backend.routes->all()) {
    v1::RouteView& row = rows.emplace_back();
    const auto name = route_names_.find(view.route);
    row.set_route(name == route_names_.end() ? fmt::format("#{:016x}", view.route) : name->second);
    row.set_attempts(view.errors.attempts(now));
    row.set_error(view.errors.error());
    row.set_slow(view.slow.error());
    const Nature nature = NatureOf(*backend.upstream, view.route);
    row.set_usual_error(nature.error);
    row.set_usual_slow(nature.slow);
    const auto suspect = std::find_if(suspects.begin(), suspects.end(), [&](const Suspicion::Route& one) { return one.id == view.route; });
    if (suspect == suspects.end()) continue;
    row.set_evidence(suspect->against);
    row.set_evidence_of_rest(suspect->rest);
  }
  const auto louder = [](const v1::RouteView& a, const v1::RouteView& b) {
    return a.evidence() != b.evidence() ? a.evidence() > b.evidence() : a.route() < b.route();
  };
  std::sort(rows.begin(), rows.end(), louder);
  if (rows.size() > kMostRoutes) rows.resize(kMostRoutes);
  for (v1::RouteView& row : rows) *out.add_routes() = std::move(row);
}

v1::BackendExplanation FleetLoop::ExplanationOf(const Backend& backend) const {
  const TimePoint now = options_.clock->Now();
  v1::BackendExplanation out;
  out.set_upstream(backend.upstream->name);
  out.set_backend(backend.address);
  FillVerdict(backend, now, options_.clock->WallNow(), out);
  out.set_error(backend.lately.error());
  out.set_peers_error(backend.upstream->usual_error);
  out.set_agents(Ledger::UsersOf(backend, now));
  out.set_configured_weight(backend.weight.configured);
  out.set_effective(backend.weight.told);
  out.set_completed(backend.lately.rate(now) * (1 - backend.lately.error()));
  out.set_utilization(backend.weight.reading ? backend.weight.reading->utilization : -1);
  out.set_capacity(backend.weight.capacity);
  out.set_in_flight(static_cast<std::uint32_t>(std::max<std::int64_t>(backend.in_flight, 0)));
  out.set_health(backend.word.health());
  out.set_assigned(AgentsAssigned(backend));
  AddViews(ledger_, backend, now, out);
  AddRoutes(backend, now, out);
  return out;
}

absl::StatusOr<v1::ExplainResponse> FleetLoop::Explain(const v1::ExplainRequest& request) const {
  if (request.backend().empty()) return absl::InvalidArgumentError("backend: must be given, as IP:port");
  const std::lock_guard lock(mutex_);
  v1::ExplainResponse response;
  for (const auto& [name, upstream] : ledger_.upstreams()) {
    if (!request.upstream().empty() && name != request.upstream()) continue;
    const auto at = upstream->backends.find(request.backend());
    if (at == upstream->backends.end()) continue;
    *response.add_backends() = ExplanationOf(*at->second);
  }
  if (response.backends().empty()) return absl::NotFoundError(fmt::format("no upstream has a backend {}", request.backend()));
  return response;
}

std::uint32_t FleetLoop::AgentsAssigned(const Backend& backend) const {
  const auto subset = subsets_.find(backend.upstream->name);
  if (subset == subsets_.end()) return 0;
  return static_cast<std::uint32_t>(std::count_if(members_.begin(), members_.end(), [&](const auto& one) {
    return one.second.set != nullptr && Assigned(subset->second, backend, one.second.name);
  }));
}

v1::WeightsResponse FleetLoop::Weights(const v1::WeightsRequest& request) const {
  const Duration window = request.has_window() ? std::chrono::seconds(request.window().seconds()) : Duration(std::chrono::minutes(5));
  const auto points = static_cast<std::size_t>(std::clamp<std::int64_t>(window / kHistoryStep, 0, 120));
  const std::lock_guard lock(mutex_);
  v1::WeightsResponse response;
  for (const auto& [name, upstream] : ledger_.upstreams()) {
    if (!request.upstream().empty() && name != request.upstream()) continue;
    for (const auto& [address, backend] : upstream->backends) {
      if (response.rows_size() >= kMostRows) return response;
      v1::WeightRow& row = *response.add_rows();
      row.set_upstream(name);
      row.set_backend(address);
      row.set_configured(backend->weight.configured);
      row.set_effective(backend->weight.told);
      row.set_utilization(backend->weight.reading ? backend->weight.reading->utilization : -1);
      row.set_completed(backend->lately.rate(options_.clock->Now()) * (1 - backend->lately.error()));
      row.set_verdict(backend->word.verdict() == v1::VERDICT_UNSPECIFIED ? v1::VERDICT_GOOD : backend->word.verdict());
      row.set_share(backend->machine.share());
      row.set_held(NameOf(backend->weight.held));
      const std::size_t skip = backend->history.size() - std::min(points, backend->history.size());
      for (std::size_t i = skip; i < backend->history.size(); ++i) row.add_history(backend->history[i]);
    }
  }
  return response;
}

}  // namespace switchyard::controlplane::fleet
