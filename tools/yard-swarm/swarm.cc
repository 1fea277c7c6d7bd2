#include "tools/yard-swarm/swarm.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "agent/config/controller_client.h"
#include "agent/config/enrolment.h"
#include "agent/config/grpc_link.h"
#include "agent/loop/control_loop.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/config/snapshot_delta.h"

namespace switchyard::tools::swarm {
namespace {

namespace config = agent::config;

constexpr unsigned kEnrolThreads = 8;
constexpr Duration kPatience = std::chrono::minutes(5);
constexpr Duration kBeat = std::chrono::milliseconds(100);

class AppliesAll final : public config::ConfigSink {
 public:
  void Apply(const v1::Snapshot&, std::function<void(config::ApplyOutcome)> done) override { done({.applied = true, .violations = {}}); }
};

Spread SpreadOf(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds[seconds.size() * 99 / 100], seconds.back()};
}

// Backends of a configuration, shared by all who serve it.
using Backends = std::vector<std::pair<std::string, std::string>>;

// What agents derive each for themselves when each has a host: here once for all that have the same. One thread's.
class Derived {
 public:
  absl::StatusOr<config::SnapshotPtr> From(const config::SnapshotPtr& base, const v1::ConfigDelta& delta) {
    const config::SnapshotPtr from = delta.full() ? nullptr : base;
    for (const Entry& entry : entries_) {
      if (entry.base == from && entry.next->generation() == delta.to_generation() && entry.next->digest() == delta.digest()) return entry.next;
    }
    absl::StatusOr<v1::Snapshot> next = switchyard::config::ApplyDelta(*base, delta);
    if (!next.ok()) return next.status();
    entries_.push_back({from, std::make_shared<const v1::Snapshot>(*std::move(next))});
    if (entries_.size() > kMost) entries_.pop_front();
    return entries_.back().next;
  }

 private:
  static constexpr std::size_t kMost = 16;
  struct Entry {
    config::SnapshotPtr base;  // null: none was needed
    config::SnapshotPtr next;
  };
  std::deque<Entry> entries_;
};

// One simulated agent.
struct Member {
  std::unique_ptr<config::GrpcLinkFactory> links;
  std::unique_ptr<config::ControllerClient> client;
  std::shared_ptr<const Backends> backends = std::make_shared<const Backends>();
  std::vector<bool> named;
  std::vector<std::pair<std::string, std::string>> probes;  // for the fleet
  std::uint64_t sequence = 0;
  bool fresh = true;
  bool configured = false;
  TimePoint told{};  // of this round's verdict
};

class TheSwarm final : public Swarm {
 public:
  explicit TheSwarm(const SwarmOptions& options) : options_(options), log_(std::make_unique<observe::NullLog>()), random_(options.seed) {
    if (!options_.events.empty()) events_ = std::fopen(options_.events.c_str(), "ae");
  }
  TheSwarm(const TheSwarm&) = delete;
  TheSwarm& operator=(const TheSwarm&) = delete;
  ~TheSwarm() override {
    if (events_ != nullptr) std::fclose(events_);
  }
  SwarmResult Run() override;
  void Stay() override;

 private:
  void EnrolAll();
  void Open(std::size_t at);
  void Configured(Member& member, const v1::Snapshot& now);
  void Applied(std::uint64_t generation);
  // A line of `events`.
  void Tell(const std::string& json);
  void Heard(Member& member, const v1::Overlay& overlay);
  void Beat(std::size_t at);
  void Report(Member& member, std::size_t first);
  std::size_t Connected() const;
  void Round();
  double Since(TimePoint start) const { return std::chrono::duration<double>(clock_.Now() - start).count(); }
  void Wait(Duration duration);

  const SwarmOptions options_;
  const SystemClock clock_;
  const std::unique_ptr<observe::Log> log_;
  observe::Metrics metrics_;
  Random random_;
  agent::loop::ControlLoop loop_;
  AppliesAll sink_;
  Derived derived_;
  std::vector<config::Identity> identities_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::unique_ptr<Loop::Timer>> timers_;
  std::FILE* events_ = nullptr;
  std::map<std::string, std::shared_ptr<const Backends>> by_digest_;
  std::map<std::uint64_t, std::vector<double>> applied_;  // wall clock, by generation
  std::pair<std::string, std::string> sick_;
  std::size_t sick_place_ = ~std::size_t{0};
  TimePoint onset_{};
  SwarmResult result_;
};

void TheSwarm::EnrolAll() {
  const TimePoint start = clock_.Now();
  const auto token = config::ParseJoinToken(options_.token);
  std::vector<absl::StatusOr<config::Identity>> got(options_.agents, absl::UnknownError(""));
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kEnrolThreads; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < options_.agents; i = next++) {
        const std::string directory = fmt::format("{}/{}", options_.directory, i);
        std::filesystem::create_directories(directory);
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
        got[i] = config::LoadIdentity(directory);
        if (got[i].ok() || !token.ok()) continue;
        got[i] = config::Enrol({options_.controller, *token, fmt::format("swarm-{}", i), directory, std::chrono::seconds(30)});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& one : got) {
    if (one.ok()) identities_.push_back(*std::move(one));
  }
  for (const auto& one : got) {
    if (one.ok()) continue;
    fmt::print(stderr, "yard-swarm: not enrolled: {}\n", Message(one.status()));
    break;
  }
  result_.enrolled = identities_.size();
  result_.enrol_seconds = Since(start);
}

void TheSwarm::Open(std::size_t at) {
  members_.push_back(std::make_unique<Member>());
  Member& member = *members_.back();
  member.links = std::make_unique<config::GrpcLinkFactory>(loop_, clock_, std::vector<std::string>{options_.controller});
  member.links->SetIdentity(identities_[at]);
  config::ControllerClientParts parts;
  parts.loop = &loop_;
  parts.clock = &clock_;
  parts.links = member.links.get();
  parts.sink = &sink_;
  parts.log = log_.get();
  parts.metrics = &metrics_;
  parts.derive = [this](const config::SnapshotPtr& base, const v1::ConfigDelta& delta) { return derived_.From(base, delta); };
  config::ControllerClientOptions options;
  options.node = identities_[at].node;
  options.zone = fmt::format("zone-{}", at % 3);
  options.version = "swarm";
  options.instance = SecureHex(8);
  options.seed = random_.Next();
  member.client = std::make_unique<config::ControllerClient>(parts, std::move(options));
  member.client->OnApplied([this, &member](const v1::Snapshot&, const v1::Snapshot& now) { Configured(member, now); });
  member.client->OnOverlay([this, &member](const v1::Overlay& overlay) { Heard(member, overlay); });
  member.client->OnWelcome([&member](Duration) {
    member.fresh = true;
    std::fill(member.named.begin(), member.named.end(), false);
  });
  member.client->OnProbes([&member](const v1::ProbeAssignment& probes) {
    member.probes.clear();
    for (const v1::UpstreamProbes& one : probes.upstreams()) {
      for (const std::string& backend : one.backends()) member.probes.emplace_back(one.upstream(), backend);
    }
  });
  const auto spread = static_cast<double>(identities_.size()) / options_.rate;
  timers_[at] = loop_.After(Duration(static_cast<Duration::rep>(random_.Unit() * spread * 1e9)), [this, at] {
    members_[at]->client->Start();
    Beat(at);
  });
}

void TheSwarm::Tell(const std::string& json) {
  if (events_ == nullptr) return;
  std::fputs((json + "\n").c_str(), events_);
  std::fflush(events_);
}

void TheSwarm::Configured(Member& member, const v1::Snapshot& now) {
  auto& known = by_digest_[now.digest()];
  if (known == nullptr) {
    auto backends = std::make_shared<Backends>();
    for (const v1::Resource& resource : now.resources()) {
      for (const v1::Backend& backend : resource.upstream().backends()) backends->emplace_back(resource.name(), backend.address());
    }
    known = std::move(backends);
  }
  member.backends = known;
  std::erase_if(by_digest_, [&](const auto& one) { return one.second.use_count() == 1; });
  member.named.assign(member.backends->size(), false);
  member.fresh = true;
  member.configured = true;
  Applied(now.generation());
}

void TheSwarm::Applied(std::uint64_t generation) {
  std::vector<double>& times = applied_[generation];
  times.push_back(std::chrono::duration<double>(clock_.WallNow().time_since_epoch()).count());
  if (times.size() < identities_.size()) return;
  const Spread spread = SpreadOf(times);
  Tell(fmt::format(R"({{"event": "change", "generation": {}, "first": {:.6f}, "p50": {:.6f}, "p99": {:.6f}, "last": {:.6f}}})", generation,
                   times.front(), spread.p50, spread.p99, spread.last));
  applied_.erase(applied_.begin(), applied_.upper_bound(generation));
}

void TheSwarm::Heard(Member& member, const v1::Overlay& overlay) {
  ++result_.overlays;
  for (const v1::BackendOverlay& one : overlay.backends()) {
    if (one.word().verdict() != v1::VERDICT_EJECTED) continue;
    if (onset_ == TimePoint{} || member.told != TimePoint{}) continue;
    // Nobody else is ill, so a number without a name is the sick one's.
    const bool other = !one.upstream().empty() && std::pair(one.upstream(), one.backend()) != sick_;
    if (!other) member.told = clock_.Now();
  }
}

// Evidence of a window of its backends, all well but the sick one.
void TheSwarm::Beat(std::size_t at) {
  timers_[at] = loop_.After(kBeat, [this, at] { Beat(at); });
  Member& member = *members_[at];
  const Backends& backends = *member.backends;
  if (backends.empty() || !member.client->MaySendEvidence()) return;
  const std::size_t own = at * options_.busy % backends.size();
  if (++member.sequence % 10 == 0) Report(member, own);
  const bool sick = onset_ != TimePoint{} && member.told == TimePoint{};
  // Without failures as seldom as a controller of so many asks for.
  if (!sick && member.sequence % std::max<std::size_t>(1, members_.size() / 500) != 0) return;
  v1::Evidence evidence;
  evidence.set_sequence(member.sequence);
  evidence.set_fresh(std::exchange(member.fresh, false));
  const std::size_t sick_at = sick_place_;
  std::uint32_t count = 0;
  for (std::size_t place = 0; place <= options_.busy; ++place) {
    // Its own, in the order of the configuration as ever, and the sick one, of which all tell.
    const std::size_t i = place < options_.busy ? (own + place) % backends.size() : sick_at;
    if (i >= backends.size()) continue;
    const bool is_sick = i == sick_at;
    if (is_sick && place < options_.busy) continue;
    v1::BackendEvidence& record = *evidence.add_backends();
    record.set_id(++count);
    if (!member.named[i]) {
      record.set_upstream(backends[i].first);
      record.set_backend(backends[i].second);
      member.named[i] = true;
    }
    record.set_in_flight(static_cast<std::uint32_t>(random_.Below(4)));
    (sick && is_sick) ? record.set_failed(2) : record.set_succeeded(2);
  }
  result_.evidence += member.client->SendEvidence(std::move(evidence)) ? 1 : 0;
}

void TheSwarm::Report(Member& member, std::size_t first) {
  v1::Report report;
  report.set_sequence(member.sequence);
  report.mutable_length()->set_seconds(1);
  const Backends& backends = *member.backends;
  for (std::size_t i = 0; i < std::min(options_.busy, backends.size()); ++i) {
    v1::BackendReport& row = *report.add_backends();
    std::tie(*row.mutable_upstream(), *row.mutable_backend()) = backends[(first + i) % backends.size()];
    row.set_succeeded(20);
    row.mutable_latency()->set_scale(4);
    row.mutable_latency()->set_offset(200);
    // Two octaves around 7 ms.
    for (int bucket = 0; bucket < 32; ++bucket) row.mutable_latency()->add_counts(bucket % 3 == 0 ? 2 : 0);
  }
  for (const auto& [upstream, backend] : member.probes) {
    v1::BackendReport& row = *report.add_backends();
    row.set_upstream(upstream);
    row.set_backend(backend);
    row.set_health(v1::HEALTH_HEALTHY);
  }
  member.client->SendReport(std::move(report));
}

std::size_t TheSwarm::Connected() const {
  return static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), [](const auto& one) { return one->client->connected() && one->configured; }));
}

void TheSwarm::Wait(Duration duration) {
  bool over = false;
  const auto timer = loop_.After(duration, [&over] { over = true; });
  loop_.RunUntil([&over] { return over; });
}

void TheSwarm::Round() {
  for (const auto& member : members_) {
    member->told = {};
    // Numbers are by place, and another backend is added to what is told: names anew.
    member->fresh = true;
    std::fill(member->named.begin(), member->named.end(), false);
  }
  const Backends& some = *members_.front()->backends;
  sick_place_ = random_.Below(some.size());
  sick_ = some[sick_place_];
  Wait(options_.round_gap);
  onset_ = clock_.Now();
  fmt::print(stderr, "yard-swarm: {} of {} falls ill\n", sick_.second, sick_.first);
  const TimePoint end = onset_ + std::chrono::seconds(20);
  const auto all_told = [this] { return std::all_of(members_.begin(), members_.end(), [](const auto& one) { return one->told != TimePoint{}; }); };
  bool over = false;
  const auto timer = loop_.After(end - onset_, [&over] { over = true; });
  loop_.RunUntil([&] { return over || all_told(); });
  std::vector<double> since_onset;
  std::vector<double> since_first;
  TimePoint first = TimePoint::max();
  for (const auto& member : members_) first = member->told == TimePoint{} ? first : std::min(first, member->told);
  for (const auto& member : members_) {
    const TimePoint told = member->told == TimePoint{} ? end : member->told;
    since_onset.push_back(std::chrono::duration<double>(told - onset_).count());
    since_first.push_back(std::chrono::duration<double>(told - std::min(first, told)).count());
  }
  onset_ = {};
  const Spread told = result_.told.emplace_back(SpreadOf(since_first));
  const Spread onset = result_.verdicts.emplace_back(SpreadOf(since_onset));
  Tell(fmt::format(R"({{"event": "verdict", "p50": {:.6f}, "p99": {:.6f}, "last": {:.6f}, "onset_p50": {:.6f}, "onset_p99": {:.6f}}})", told.p50,
                   told.p99, told.last, onset.p50, onset.p99));
}

SwarmResult TheSwarm::Run() {
  EnrolAll();
  Tell(fmt::format(R"({{"event": "enrolled", "agents": {}, "seconds": {:.3f}}})", result_.enrolled, result_.enrol_seconds));
  const TimePoint start = clock_.Now();
  timers_.resize(identities_.size());
  for (std::size_t i = 0; i < identities_.size(); ++i) Open(i);
  bool over = false;
  const auto timer = loop_.After(kPatience, [&over] { over = true; });
  loop_.RunUntil([&] { return over || Connected() == members_.size(); });
  result_.connect_seconds = Since(start);
  fmt::print(stderr, "yard-swarm: {} of {} connected after {:.1f} s\n", Connected(), members_.size(), result_.connect_seconds);
  Tell(fmt::format(R"({{"event": "connected", "agents": {}, "seconds": {:.3f}}})", Connected(), result_.connect_seconds));
  if (members_.empty() || members_.front()->backends->empty()) return result_;
  Wait(options_.warm_up);
  Tell(fmt::format(R"({{"event": "warm", "evidence": {}, "overlays": {}}})", result_.evidence, result_.overlays));
  for (std::size_t round = 0; round < options_.rounds; ++round) Round();
  sick_ = {};
  sick_place_ = ~std::size_t{0};
  return result_;
}

void TheSwarm::Stay() {
  bool stop = false;
  loop_.OnSignals({SIGTERM, SIGINT}, [&stop](int) { stop = true; });
  TimePoint lost{};
  std::function<void()> look;
  std::unique_ptr<Loop::Timer> timer;
  look = [&] {
    const std::size_t connected = Connected();
    if (connected < members_.size() && lost == TimePoint{}) {
      lost = clock_.Now();
      fmt::print(stderr, "yard-swarm: agents lost\n");
      Tell(R"({"event": "lost"})");
    } else if (connected == members_.size() && lost != TimePoint{}) {
      fmt::print(stderr, "yard-swarm: all {} back after {:.1f} s\n", connected, Since(lost));
      Tell(fmt::format(R"({{"event": "back", "agents": {}, "seconds": {:.3f}}})", connected, Since(lost)));
      lost = {};
    }
    timer = loop_.After(kBeat, look);
  };
  look();
  Tell(R"({"event": "staying"})");
  loop_.RunUntil([&stop] { return stop; });
  for (const auto& member : members_) member->client->Stop();
}

}  // namespace

std::unique_ptr<Swarm> Swarm::Make(const SwarmOptions& options) { return std::make_unique<TheSwarm>(options); }

}  // namespace switchyard::tools::swarm
