#include <array>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "agent/balancer/picker.h"
#include "agent/fleet/overlay_table.h"
#include "tests/sim/laws.h"

namespace switchyard::tests::sim {
namespace {

namespace balancer = agent::balancer;

constexpr std::size_t kAllOfThem = 10;
constexpr std::size_t kHalf = 0;    // told to be able to do half
constexpr std::size_t kTwice = 1;   // and this one twice of what is configured
constexpr std::size_t kEjected = 2; // told to fail; well again when the controller dies
constexpr std::size_t kDead = 9;    // answers nothing; this agent knows only by the probes of others
constexpr double kOwnProbe = 1;     // seconds until a probe of it times out

std::string AddressOf(std::size_t backend) { return fmt::format("10.0.0.{}:80", backend + 1); }

// One agent whose controller goes silent: its words by the production table, its picks by the production picker.
class SilentAgent {
 public:
  explicit SilentAgent(std::uint64_t seed) : random_(seed), table_(health_, clock_) {
    auto policy = std::make_shared<balancer::PickerPolicy>();
    balancer::PlanOptions options;
    options.kind = balancer::Kind::kRandom;  // shares as the weights say
    options.least_capacity = 0.2;
    std::vector<balancer::Member> members;
    for (std::size_t i = 0; i < kAllOfThem; ++i) members.push_back({balancer::Mix(i), 100, 0, true});
    policy->plan = balancer::MakePlan(options, std::move(members));
    std::vector<balancer::BackendRecord*> records;
    for (std::size_t i = 0; i < kAllOfThem; ++i) {
      words_.push_back(health_.Get("web", AddressOf(i)));
      records.push_back(&records_[i]);
    }
    picker_ = std::make_unique<balancer::Picker>(policy, std::move(records), false, clock_.Now(), random_);
    Hear();
  }

  // Seconds of requests, 1000 each, with the agent's own beat of a second.
  void Run(double until) {
    for (; seconds() < until; ++ticks_) {
      clock_.Advance(std::chrono::milliseconds(10));
      if (ticks_ % 100 == 99) Beat();
      for (std::size_t i = 0; i < kAllOfThem; ++i) Take(i);
      picker_->Refresh(clock_.Now());
      for (int i = 0; i < 10; ++i) Request();
    }
  }
  double ShareOf(std::size_t backend) const { return requests_ == 0 ? 0 : static_cast<double>(counts_[backend]) / static_cast<double>(requests_); }
  double WeightOf(std::size_t backend) const { return static_cast<double>(words_[backend]->fleet().weight()); }
  bool alive() const { return table_.alive(); }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t all() const { return all_; }
  void CountAnew() {
    counts_ = {};
    requests_ = 0;
  }

 private:
  void Hear() {
    v1::Overlay overlay;
    overlay.set_full(true);
    overlay.set_epoch(1);
    overlay.set_controller_instance("c");
    overlay.mutable_ttl()->set_seconds(10);
    for (std::size_t i = 0; i < kAllOfThem; ++i) {
      v1::BackendOverlay& one = *overlay.add_backends();
      one.set_id(static_cast<std::uint32_t>(i + 1));
      one.set_upstream("web");
      one.set_backend(AddressOf(i));
      one.mutable_word()->set_health(i == kDead ? v1::HEALTH_UNHEALTHY : v1::HEALTH_HEALTHY);
      if (i == kHalf) one.mutable_word()->set_weight(500);
      if (i == kTwice) one.mutable_word()->set_weight(2000);
      if (i == kEjected) one.mutable_word()->set_verdict(v1::VERDICT_EJECTED);
    }
    table_.Apply(overlay);
  }

  void Beat() {
    const bool was = table_.alive();
    table_.Tick();
    // Without a controller the agent probes for itself.
    if (was && !table_.alive()) probes_from_ = seconds();
    if (probes_from_ < 0 || seconds() < probes_from_ + kOwnProbe) return;
    for (std::size_t i = 0; i < kAllOfThem; ++i) {
      words_[i]->Set(i == kDead ? agent::health::HealthState::kUnhealthy : agent::health::HealthState::kHealthy);
    }
  }

  // As UpstreamState does.
  void Take(std::size_t i) {
    const agent::health::FleetWord& word = words_[i]->fleet();
    picker_->SetBasis(i, true, words_[i]->usable());
    balancer::FleetSay say;
    say.effective = word.weight();
    say.ejected = word.verdict() == agent::health::FleetVerdict::kEjected;
    picker_->SetFleet(i, say);
  }

  void Request() {
    const std::size_t at = picker_->Pick(std::nullopt, balancer::kNone, balancer::kNone, clock_.Now(), random_);
    ++all_;
    if (at == balancer::kNone || at == kDead) {
      ++failed_;
      return;
    }
    const balancer::Ticket ticket = picker_->Started(at, clock_.Now());
    picker_->Ended(at, ticket, {agent::breaker::Outcome::kSuccess, std::chrono::milliseconds(5)}, clock_.Now(), random_);
    ++counts_[at];
    ++requests_;
  }

  Random random_;
  ManualClock clock_;
  agent::health::HealthTable health_;
  agent::fleet::OverlayTable table_;
  std::vector<std::shared_ptr<agent::health::BackendHealth>> words_;
  std::array<balancer::BackendRecord, kAllOfThem> records_;
  std::unique_ptr<balancer::Picker> picker_;
  double seconds() const { return ticks_ / 100.0; }
  int ticks_ = 0;
  double probes_from_ = -1;
  std::array<std::uint64_t, kAllOfThem> counts_{};
  std::uint64_t requests_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t all_ = 0;
};

}  // namespace

SilenceResult RunSilence(double seconds, std::uint64_t seed) {
  SilentAgent agent(seed);
  SilenceResult out;
  agent.Run(seconds);
  out.requests = agent.all();
  out.failed = agent.failed();
  out.half = agent.WeightOf(kHalf);
  out.twice = agent.WeightOf(kTwice);
  agent.CountAnew();
  agent.Run(seconds + 2);
  out.half_share = agent.ShareOf(kHalf);
  out.ejected_share = agent.ShareOf(kEjected);
  return out;
}

std::string Silence(bool full) {
  std::string out =
      "### A controller that is silent\n\nOne of 10 backends is dead and known so only by the probes of other agents, one was ejected, one has half "
      "of its weight, one twice; 1000 requests a second\n\n| silent for | weight of one half | of twice | share of the first, % | of the ejected one, % | "
      "failed requests until then |\n|---|---|---|---|---|---|\n";
  for (const double seconds : {5.0, 12.0, 60.0, 180.0, 400.0, 600.0, 790.0, 900.0}) {
    if (!full && seconds > 100) break;
    const SilenceResult one = RunSilence(seconds, 1);
    out += fmt::format("| {:.0f} s | {:.2f} | {:.2f} | {:.1f} | {:.1f} | {} of {} |\n", seconds, one.half, one.twice, 100 * one.half_share,
                       100 * one.ejected_share, one.failed, one.requests);
  }
  return out;
}

}  // namespace switchyard::tests::sim
