// FleetCase: agents that send evidence to a ledger on simulated time, each 100 ms, with failures as a test wants them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/random.h"
#include "common/stats/exponential_histogram.h"
#include "controlplane/fleet/ledger.h"

namespace switchyard::controlplane::fleet {

class FleetCase {
 public:
  // `rate`: attempts per second and backend, from all agents.
  FleetCase(int agents, int backends, double rate, std::uint64_t seed = 7)
      : ledger(seed),
        random_(seed),
        agents_(agents),
        backends_(backends),
        rate_(rate),
        sequence_(static_cast<std::size_t>(agents)),
        took_(static_cast<std::size_t>(agents)) {
    SetUpstream([](v1::Upstream&) {});
  }

  void SetUpstream(const std::function<void(v1::Upstream&)>& change) {
    v1::Resource resource;
    resource.set_name("web");
    v1::Upstream& upstream = *resource.mutable_upstream();
    for (int b = 0; b < backends_; ++b) upstream.add_backends()->set_address(AddressOf(b));
    change(upstream);
    store::Catalog catalog;
    catalog.resources[{v1::KIND_UPSTREAM, "web"}] = std::make_shared<const v1::Resource>(resource);
    ledger.SetCatalog(catalog, now);
  }

  static std::string AddressOf(int backend) { return "10.0.0." + std::to_string(backend + 1) + ":80"; }
  static std::string NodeOf(int agent) { return "agent-" + std::to_string(agent); }
  Backend& At(int backend) { return *ledger.upstreams().at("web")->backends.at(AddressOf(backend)); }

  // Share of failures that agent a sees at backend b.
  std::function<double(int a, int b)> error = [](int, int) { return 0.0; };
  // Each agent's routes, by the share of its requests; empty: one route, and agents tell nothing of it.
  std::vector<double> routes;
  // The same where it is another for some backends; empty: it is not.
  std::function<std::vector<double>(int b)> routes_at;
  // Every agent has routes of its own, so that no two tell of the same.
  bool own_routes = false;
  // Share of failures that a route sees at backend b, beside `error`; what it adds to `latency`, milliseconds.
  std::function<double(int b, int route)> route_error = [](int, int) { return 0.0; };
  std::function<double(int b, int route)> route_adds = [](int, int) { return 0.0; };
  // From when on an agent takes an answer for slow.
  double slow_from = 40;
  // How long an answer takes, milliseconds; empty: nobody tells latencies.
  std::function<double(int a, int b, Random& random)> latency;
  // Whether failures are attempts without an answer.
  bool unanswered = false;
  // Changes what an agent is about to send.
  std::function<void(int a, v1::Evidence&)> forge = [](int, v1::Evidence&) {};

  v1::Evidence EvidenceOf(int agent) {
    v1::Evidence out;
    auto& sequence = sequence_[static_cast<std::size_t>(agent)];
    out.set_sequence(++sequence);
    out.set_fresh(sequence == 1);
    for (int b = 0; b < backends_; ++b) {
      v1::BackendEvidence& record = *out.add_backends();
      record.set_id(static_cast<std::uint32_t>(b + 1));
      if (sequence == 1) {
        record.set_upstream("web");
        record.set_backend(AddressOf(b));
      }
      record.set_in_flight(1);
      if (IsEjected(b)) continue;
      const double mean = rate_ / agents_ * 0.1 * ShareOf(b);
      for (int i = Poisson(mean); i > 0; --i) Attempt(agent, b, record);
    }
    return out;
  }

  std::uint64_t RouteOf(int agent, int route) const { return static_cast<std::uint64_t>(own_routes ? 100 * (agent + 1) + route : route) + 1; }

  bool IsEjected(int b) { return At(b).machine.stage() == Stage::kEjected || (At(b).slow != nullptr && At(b).slow->machine.stage() == Stage::kEjected); }
  double ShareOf(int b) { return std::min(At(b).machine.share(), At(b).slow == nullptr ? 1 : At(b).slow->machine.share()); }

  // What an agent reports once a second.
  v1::Report ReportOf(int agent) {
    v1::Report out;
    out.set_sequence(++reports_);
    for (auto& [b, histogram] : took_[static_cast<std::size_t>(agent)]) {
      if (histogram.count() == 0) continue;
      v1::BackendReport& row = *out.add_backends();
      row.set_upstream("web");
      row.set_backend(AddressOf(b));
      row.mutable_latency()->set_scale(stats::ExponentialHistogram::kScale);
      row.mutable_latency()->set_offset(histogram.first());
      for (int i = histogram.first(); i < histogram.last(); ++i) row.mutable_latency()->add_counts(histogram.at(i));
      histogram.Clear();
      for (std::size_t r = 0; r < routes.size(); ++r) TellRoute(agent, b, static_cast<int>(r), row);
    }
    return out;
  }

  // One beat of 100 ms; agents report spread over it, failures are judged at once.
  void Beat() {
    for (int a = 0; a < agents_; ++a) {
      now += Duration(100'000'000 / agents_);
      v1::Evidence evidence = EvidenceOf(a);
      forge(a, evidence);
      if (ledger.OnEvidence(NodeOf(a), "i", evidence, now)) ledger.Judge(now, Wall());
      // Spread over the second.
      if (latency && (beats_ + a) % 10 == 0) ledger.OnReport(NodeOf(a), "i", ReportOf(a), now);
    }
    const bool on_second = ++beats_ % 10 == 0;
    if (on_second) ledger.JudgeSlowness(now);
    ledger.Judge(now, Wall());
    if (on_second) ledger.StepAllWeights(now);
  }
  void Run(double seconds) {
    for (int i = 0; i < static_cast<int>(seconds * 10); ++i) Beat();
  }
  // Seconds until it is ejected; negative: not within `most`.
  double UntilEjected(int backend, double most) {
    const TimePoint start = now;
    while (std::chrono::duration<double>(now - start).count() < most) {
      Beat();
      if (!IsEjected(backend)) continue;
      if (At(backend).machine.stage() != Stage::kEjected) return std::chrono::duration<double>(At(backend).slow->machine.since() - start).count();
      return std::chrono::duration<double>(At(backend).machine.since() - start).count();
    }
    return -1;
  }
  int Out() {
    int count = 0;
    for (int b = 0; b < backends_; ++b) count += IsEjected(b) ? 1 : 0;
    return count;
  }
  std::uint64_t Ejections() const { return ledger.counters().ejections; }
  WallTime Wall() const { return WallTime(now.time_since_epoch()); }

  TimePoint now{std::chrono::hours(1)};
  Ledger ledger;

 private:
  int Poisson(double mean) {
    int count = 0;
    for (double left = mean - Exponential(); left > 0; left -= Exponential()) ++count;
    return count;
  }
  // Which route asks; -1: they are not told apart.
  int DrawRoute(int b) {
    const std::vector<double> shares = routes_at ? routes_at(b) : routes;
    double left = shares.empty() ? 0 : random_.Unit();
    for (std::size_t r = 0; r < shares.size(); ++r) {
      left -= shares[r];
      if (left < 0 || r + 1 == shares.size()) return static_cast<int>(r);
    }
    return -1;
  }

  void Attempt(int agent, int b, v1::BackendEvidence& record) {
    const int route = DrawRoute(b);
    bool failed = random_.Unit() < error(agent, b);
    failed = failed || (route >= 0 && random_.Unit() < route_error(b, route));
    double took = 0;
    if (latency && !failed) took = latency(agent, b, random_) + (route >= 0 ? route_adds(b, route) : 0);
    const auto micros = static_cast<std::uint64_t>(1000 * took);
    if (latency && !failed) took_[static_cast<std::size_t>(agent)][b].Record(micros);
    // As agents do: told by route for ten seconds from the last bad result on; what was refused is the backend's.
    const auto key = std::tuple(agent, b, route);
    if (route >= 0 && ((failed && !unanswered) || took >= slow_from)) bad_[key] = now;
    const auto bad = bad_.find(key);
    if (bad == bad_.end() || now - bad->second > std::chrono::seconds(10) || (failed && unanswered)) return Tell(record, failed);
    if (latency && !failed) route_took_[key].Record(micros);
    for (v1::RouteEvidence& told : *record.mutable_routes()) {
      if (told.route() == RouteOf(agent, route)) return Tell(told, failed);
    }
    v1::RouteEvidence& told = *record.add_routes();
    told.set_route(RouteOf(agent, route));
    Tell(told, failed);
  }

  template <class Record>
  void Tell(Record& record, bool failed) const {
    if (!failed) return record.set_succeeded(record.succeeded() + 1);
    if (unanswered) return record.set_unanswered(record.unanswered() + 1);
    record.set_failed(record.failed() + 1);
  }

  void TellRoute(int agent, int b, int route, v1::BackendReport& row) {
    stats::ExponentialHistogram& took = route_took_[{agent, b, route}];
    if (took.count() == 0) return;
    v1::RouteLatency& told = *row.add_routes();
    told.set_route(RouteOf(agent, route));
    told.mutable_latency()->set_scale(stats::ExponentialHistogram::kScale);
    told.mutable_latency()->set_offset(took.first());
    for (int i = took.first(); i < took.last(); ++i) told.mutable_latency()->add_counts(took.at(i));
    took.Clear();
  }

  double Exponential() { return -std::log(1 - random_.Unit()); }

  Random random_;
  int agents_;
  int backends_;
  double rate_;
  std::vector<std::uint64_t> sequence_;
  std::vector<std::map<int, stats::ExponentialHistogram>> took_;  // by agent and backend, since its last report
  std::map<std::tuple<int, int, int>, TimePoint> bad_;                        // by agent, backend and route
  std::map<std::tuple<int, int, int>, stats::ExponentialHistogram> route_took_;  // likewise
  std::uint64_t reports_ = 0;
  int beats_ = 0;
};

}  // namespace switchyard::controlplane::fleet
