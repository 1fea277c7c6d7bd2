// FleetCase: agents that send evidence to a ledger on simulated time, each 100 ms, with failures as a test wants them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
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
      for (int i = Poisson(mean); i > 0; --i) {
        if (random_.Unit() >= error(agent, b)) {
          record.set_succeeded(record.succeeded() + 1);
          if (latency) took_[static_cast<std::size_t>(agent)][b].Record(static_cast<std::uint64_t>(1000 * latency(agent, b, random_)));
        } else if (unanswered) {
          record.set_unanswered(record.unanswered() + 1);
        } else {
          record.set_failed(record.failed() + 1);
        }
      }
    }
    return out;
  }

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
  double Exponential() { return -std::log(1 - random_.Unit()); }

  Random random_;
  int agents_;
  int backends_;
  double rate_;
  std::vector<std::uint64_t> sequence_;
  std::vector<std::map<int, stats::ExponentialHistogram>> took_;  // by agent and backend, since its last report
  std::uint64_t reports_ = 0;
  int beats_ = 0;
};

}  // namespace switchyard::controlplane::fleet
