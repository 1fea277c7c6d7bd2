#include "tests/sim/fleet.h"

#include "agent/balancer/others.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <memory>
#include <queue>

namespace switchyard::tests::sim {
namespace {

using agent::balancer::BackendRecord;
using agent::balancer::kNone;
using agent::balancer::Picker;
using agent::balancer::Report;
using agent::breaker::AttemptResult;

constexpr double kOneWay = 0.25e-3;
constexpr double kStart = 1'000;  // seconds; the zero of time means nothing
constexpr double kReportGain = 0.05;

TimePoint At(double seconds) { return TimePoint(Duration(static_cast<Duration::rep>((kStart + seconds) * 1e9))); }
Duration Span(double seconds) { return Duration(static_cast<Duration::rep>(seconds * 1e9)); }

struct Event {
  enum class Kind : std::uint8_t { kArrival, kReach, kServed, kAnswer, kProbe, kProbed, kBurst, kTell, kSum, kTold };
  double time = 0;
  std::uint64_t order = 0;
  Kind kind = Kind::kArrival;
  std::size_t subject = 0;  // request, backend, or agent for probes
  std::size_t backend = 0;
  Report report{};
  bool operator<(const Event& other) const { return time != other.time ? time > other.time : order > other.order; }
};

struct Request {
  double began = 0;
  double reached = 0;
  std::size_t agent = 0;
  std::size_t backend = 0;
  double rif = 1;
  agent::balancer::Ticket ticket;
  agent::breaker::Outcome outcome = agent::breaker::Outcome::kSuccess;
  Report report{};
  bool measured = false;
  bool late = false;
};

struct Backend {
  std::deque<std::size_t> queue;
  int busy = 0;
  double rif = 0;
  double service = 0;
  double error = 0;
  bool bursting = false;
};

struct Agent {
  std::vector<BackendRecord> records;
  std::vector<agent::balancer::Others> others;
  std::vector<std::uint32_t> told;  // requests in flight, as last told
  std::unique_ptr<Picker> picker;
};

class Fleet {
 public:
  explicit Fleet(const Scenario& scenario);
  Outcome Run();

 private:
  using Kind = Event::Kind;
  void Push(double time, Kind kind, std::size_t subject, std::size_t backend = 0, const Report& report = {});
  void Handle(const Event& event);
  void Arrive();
  void Probe(std::size_t agent);
  void Reach(std::size_t at);
  void StartNext(std::size_t backend);
  void Served(std::size_t at);
  void Answer(std::size_t at);
  void Burst(std::size_t backend);
  void Tell(std::size_t agent);
  void SumTold();
  void Told();
  double Exponential(double mean) { return -std::log(1 - random_.Unit()) * mean; }
  double Work();
  double SpeedOf(std::size_t backend) const;
  const Fault* FaultOf(std::size_t backend, Fault::Kind kind) const;
  Report ReportOf(std::size_t backend) const;
  bool Active(std::size_t backend) const { return now_ >= s_.backends[backend].joins && now_ < s_.backends[backend].leaves; }
  Outcome Sum();

  const Scenario& s_;
  Random random_;
  double now_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t probes_ = 0;
  std::priority_queue<Event> events_;
  std::vector<Request> requests_;
  std::vector<std::size_t> free_;
  std::vector<Backend> backends_;
  std::vector<Agent> agents_;
  std::vector<std::uint32_t> fleet_;  // in flight, on its way to the agents
  std::vector<double> latencies_;
  std::vector<std::uint64_t> counts_;
  std::vector<std::uint64_t> late_counts_;
  Outcome out_;
  std::uint64_t measured_failures_ = 0;
};

Fleet::Fleet(const Scenario& scenario)
    : s_(scenario),
      random_(scenario.seed),
      backends_(scenario.backends.size()),
      agents_(static_cast<std::size_t>(scenario.agents)),
      counts_(scenario.backends.size()),
      late_counts_(scenario.backends.size()) {
  auto policy = std::make_shared<agent::balancer::PickerPolicy>();
  agent::balancer::PlanOptions options;
  options.kind = s_.kind;
  options.slow_start = s_.slow_start;
  std::vector<agent::balancer::Member> members;
  for (std::size_t i = 0; i < s_.backends.size(); ++i) members.push_back({agent::balancer::Mix(i), s_.backends[i].weight, 0, true});
  policy->plan = agent::balancer::MakePlan(options, std::move(members));
  policy->breaker.mode = s_.breaker;
  for (Agent& one : agents_) {
    one.records = std::vector<BackendRecord>(s_.backends.size());
    std::vector<BackendRecord*> records;
    for (BackendRecord& record : one.records) records.push_back(&record);
    one.picker = std::make_unique<Picker>(policy, std::move(records), false, At(0), random_);
  }
  fleet_.resize(s_.backends.size());
  if (s_.tells > 0) {
    for (std::size_t i = 0; i < agents_.size(); ++i) Push(random_.Unit() * s_.tells, Kind::kTell, i);
    Push(s_.tells, Kind::kSum, 0);
  }
  for (std::size_t i = 0; s_.bursts && i < backends_.size(); ++i) Push(Exponential(s_.burst_gap), Kind::kBurst, i);
  Push(Exponential(1 / s_.rate), Kind::kArrival, 0);
}

void Fleet::Push(double time, Kind kind, std::size_t subject, std::size_t backend, const Report& report) {
  events_.push({time, order_++, kind, subject, backend, report});
}

const Fault* Fleet::FaultOf(std::size_t backend, Fault::Kind kind) const {
  for (const Fault& fault : s_.faults) {
    if (fault.kind == kind && (fault.all || fault.backend == backend) && now_ >= fault.from && now_ < fault.to) return &fault;
  }
  return nullptr;
}

double Fleet::Work() {
  if (s_.exponential) return Exponential(s_.service);
  // Normal(m, m) above zero has the mean m * 1.2876.
  const double m = s_.service / 1.2876;
  while (true) {
    const double normal = std::sqrt(-2 * std::log(1 - random_.Unit())) * std::cos(6.283185307179586 * random_.Unit());
    if (m + m * normal > 0) return m + m * normal;
  }
}

double Fleet::SpeedOf(std::size_t backend) const {
  const BackendModel& model = s_.backends[backend];
  double speed = model.speed * (backends_[backend].bursting ? 0.4 : 1);
  if (now_ < model.joins + model.cold) speed /= 3;
  if (const Fault* slow = FaultOf(backend, Fault::Kind::kSlow)) speed /= slow->value;
  return speed;
}

Report Fleet::ReportOf(std::size_t backend) const {
  const Backend& from = backends_[backend];
  return {static_cast<float>(from.rif), static_cast<float>(from.service), static_cast<float>(from.error), {}};
}

void Fleet::Probe(std::size_t agent) {
  std::array<std::size_t, 3> wanted{};
  const std::size_t count = agents_[agent].picker->Wanted(At(now_), random_, wanted);
  for (std::size_t i = 0; i < count; ++i) Push(now_ + kOneWay, Kind::kProbe, agent, wanted[i]);
  probes_ += count;
}

void Fleet::Arrive() {
  if (arrived_ + 1 < s_.requests) Push(now_ + Exponential(1 / s_.rate), Kind::kArrival, 0);
  std::size_t at = requests_.size();
  if (free_.empty()) {
    requests_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  Request& request = requests_[at] = {};
  request.began = now_;
  request.agent = random_.Below(agents_.size());
  request.measured = static_cast<double>(arrived_) >= s_.warm_up * static_cast<double>(s_.requests);
  request.late = static_cast<double>(arrived_) >= 0.8 * static_cast<double>(s_.requests);
  ++arrived_;
  ++under_way_;
  Picker& picker = *agents_[request.agent].picker;
  if (picker.RefreshDue(At(now_))) {
    for (std::size_t i = 0; i < backends_.size(); ++i) picker.SetBasis(i, Active(i), true);
    picker.Refresh(At(now_));
  }
  if (s_.reports) Probe(request.agent);
  request.backend = picker.Pick(std::nullopt, kNone, kNone, At(now_), random_);
  if (request.measured) ++counts_[request.backend];
  if (request.late) ++late_counts_[request.backend];
  request.ticket = picker.Started(request.backend, At(now_));
  Push(now_ + kOneWay, Kind::kReach, at);
}

void Fleet::Reach(std::size_t at) {
  Request& request = requests_[at];
  Backend& backend = backends_[request.backend];
  request.reached = now_;
  request.rif = ++backend.rif;
  const auto end = [&](agent::breaker::Outcome outcome, double after) {
    request.outcome = outcome;
    --backend.rif;
    backend.error += kReportGain * (1 - backend.error);
    request.report = ReportOf(request.backend);
    Push(now_ + after, Kind::kAnswer, at);
  };
  if (FaultOf(request.backend, Fault::Kind::kRefuse) != nullptr) return end(agent::breaker::Outcome::kConnectFailed, kOneWay);
  if (FaultOf(request.backend, Fault::Kind::kFailFast) != nullptr) return end(agent::breaker::Outcome::kServerError, 0.5e-3 + kOneWay);
  const Fault* hang = FaultOf(request.backend, Fault::Kind::kHang);
  if (hang != nullptr && random_.Unit() < hang->value) return end(agent::breaker::Outcome::kTimeout, s_.timeout);
  backend.queue.push_back(at);
  StartNext(request.backend);
}

void Fleet::StartNext(std::size_t at) {
  Backend& backend = backends_[at];
  while (backend.busy < s_.backends[at].slots && !backend.queue.empty()) {
    ++backend.busy;
    Push(now_ + Work() / SpeedOf(at), Kind::kServed, backend.queue.front());
    backend.queue.pop_front();
  }
}

void Fleet::Served(std::size_t at) {
  Request& request = requests_[at];
  Backend& backend = backends_[request.backend];
  --backend.busy;
  --backend.rif;
  const Fault* errors = FaultOf(request.backend, Fault::Kind::kErrors);
  const bool failed = errors != nullptr && random_.Unit() < errors->value;
  if (failed) request.outcome = agent::breaker::Outcome::kServerError;
  backend.error += kReportGain * ((failed ? 1 : 0) - backend.error);
  const double sample = (now_ - request.reached) / std::max(1.0, request.rif);
  backend.service = backend.service <= 0 ? sample : backend.service + kReportGain * (sample - backend.service);
  request.report = ReportOf(request.backend);
  Push(now_ + kOneWay, Kind::kAnswer, at);
  StartNext(request.backend);
}

void Fleet::Answer(std::size_t at) {
  Request& request = requests_[at];
  Picker& picker = *agents_[request.agent].picker;
  picker.Ended(request.backend, request.ticket, {request.outcome, Span(now_ - request.began)}, At(now_), random_);
  const bool failed = agent::breaker::IsFailure(request.outcome);
  if (s_.reports && request.outcome != agent::breaker::Outcome::kTimeout) {
    request.report.at = At(now_);
    picker.OnReport(request.backend, request.report);
  }
  out_.failures += failed ? 1 : 0;
  if (request.measured) {
    latencies_.push_back(now_ - request.began);
    measured_failures_ += failed ? 1 : 0;
  }
  --under_way_;
  free_.push_back(at);
}

void Fleet::Burst(std::size_t backend) {
  backends_[backend].bursting = !backends_[backend].bursting;
  Push(now_ + Exponential(backends_[backend].bursting ? s_.burst : s_.burst_gap), Kind::kBurst, backend);
}

void Fleet::Tell(std::size_t agent) {
  Agent& one = agents_[agent];
  one.told.resize(backends_.size());
  for (std::size_t i = 0; i < backends_.size(); ++i) one.told[i] = one.records[i].in_flight;
  Push(now_ + s_.tells, Kind::kTell, agent);
}

void Fleet::SumTold() {
  std::fill(fleet_.begin(), fleet_.end(), 0U);
  for (const Agent& one : agents_) {
    for (std::size_t i = 0; i < one.told.size(); ++i) fleet_[i] += one.told[i];
  }
  Push(now_ + s_.push, Kind::kTold, 0);
  Push(now_ + s_.tells, Kind::kSum, 0);
}

// As UpstreamState does with an overlay.
void Fleet::Told() {
  for (Agent& one : agents_) {
    one.others.resize(backends_.size());
    one.picker->SetOthersAt(At(now_));
    for (std::size_t i = 0; i < backends_.size(); ++i) {
      one.others[i].Told(static_cast<float>(fleet_[i]), static_cast<float>(one.records[i].in_flight));
      one.picker->SetOthers(i, one.others[i].mean());
    }
  }
}

void Fleet::Handle(const Event& event) {
  switch (event.kind) {
    case Kind::kArrival:
      return Arrive();
    case Kind::kReach:
      return Reach(event.subject);
    case Kind::kServed:
      return Served(event.subject);
    case Kind::kAnswer:
      return Answer(event.subject);
    case Kind::kProbe:
      return Push(now_ + kOneWay, Kind::kProbed, event.subject, event.backend, ReportOf(event.backend));
    case Kind::kProbed: {
      Report report = event.report;
      report.at = At(now_);
      return agents_[event.subject].picker->OnReport(event.backend, report);
    }
    case Kind::kBurst:
      return Burst(event.subject);
    case Kind::kTell:
      return Tell(event.subject);
    case Kind::kSum:
      return SumTold();
    case Kind::kTold:
      return Told();
  }
}

Outcome Fleet::Sum() {
  std::sort(latencies_.begin(), latencies_.end());
  const auto at = [&](double share) {
    return latencies_.empty() ? 0 : 1e3 * latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))];
  };
  out_.p50 = at(0.5);
  out_.p99 = at(0.99);
  out_.p999 = at(0.999);
  const auto share = [](std::uint64_t part, double all) { return all > 0 ? static_cast<double>(part) / all : 0; };
  out_.failed = share(measured_failures_, static_cast<double>(latencies_.size()));
  double measured = 0;
  double late = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    measured += static_cast<double>(counts_[i]);
    late += static_cast<double>(late_counts_[i]);
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    out_.shares.push_back(share(counts_[i], measured));
    out_.shares_late.push_back(share(late_counts_[i], late));
  }
  out_.probes_per_request = share(probes_, static_cast<double>(s_.requests));
  for (const Agent& one : agents_) {
    for (const BackendRecord& record : one.records) out_.opened += record.breaker.opened();
  }
  return out_;
}

Outcome Fleet::Run() {
  while (!events_.empty() && (arrived_ < s_.requests || under_way_ > 0)) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.time;
    Handle(event);
  }
  return Sum();
}

}  // namespace

Outcome Simulate(const Scenario& scenario) { return Fleet(scenario).Run(); }

std::uint64_t ChangesInTenMinutes(const agent::breaker::BreakerPolicy& policy, double error, std::uint64_t seed) {
  Random random(seed);
  agent::breaker::Breaker breaker;
  std::uint64_t picks = 0;
  for (double now = 0; now < 600; now += 1.0 / 250) {
    breaker.Tick(policy, At(now));
    ++picks;
    const bool trial = breaker.TrialDue(At(now), picks);
    if (trial) picks = 0;
    if (breaker.Bars(policy) || (!trial && random.Unit() >= static_cast<double>(breaker.Share()))) continue;
    const std::uint32_t ticket = breaker.Started(policy, At(now));
    const auto outcome = random.Unit() < error ? agent::breaker::Outcome::kServerError : agent::breaker::Outcome::kSuccess;
    breaker.Ended(policy, ticket, {outcome, Span(0.01)}, {}, At(now), random);
  }
  return breaker.opened() + breaker.closed();
}

}  // namespace switchyard::tests::sim
