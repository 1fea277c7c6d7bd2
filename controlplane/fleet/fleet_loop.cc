#include "controlplane/fleet/fleet_loop.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/rendezvous.h"
#include "common/config/proto_duration.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr Duration kWeightPeriod = std::chrono::seconds(1);
constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr Duration kLongestInFlightGap = std::chrono::seconds(1);
// Of what is told about requests in flight, per second over all agents; a record is about so long.
constexpr double kInFlightBytes = 20e6;
constexpr double kRecordBytes = 10;
// Evidence messages per second that one controller takes in with ease.
constexpr double kEvidenceRate = 5'000;
constexpr int kSilentIntervals = 3;
constexpr Duration kLongestPlanGap = std::chrono::seconds(1);
constexpr Duration kPlanGapPerAgent = std::chrono::milliseconds(1);

google::protobuf::Duration ToWire(Duration duration) {
  google::protobuf::Duration out;
  out.set_seconds(duration / std::chrono::seconds(1));
  out.set_nanos(static_cast<std::int32_t>((duration % std::chrono::seconds(1)).count()));
  return out;
}

}  // namespace

FleetLoop::FleetLoop(FleetLoopOptions options, std::function<void()> urgent)
    : options_(std::move(options)), urgent_(std::move(urgent)), started_(options_.clock->Now()), ledger_(options_.seed) {}

void FleetLoop::OnReport(const std::string& node, const std::string& instance, const v1::Report& report) {
  const std::lock_guard lock(mutex_);
  ledger_.OnReport(node, instance, report, options_.clock->Now());
}

void FleetLoop::OnEvent(const std::string& node, const std::string&, const v1::Event& event) {
  if (!event.has_health_change()) return;
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    news = ledger_.OnHealth(node, event.health_change(), options_.clock->Now());
  }
  if (news) urgent_();
}

void FleetLoop::OnEvidence(const std::string& node, const std::string& instance, const v1::Evidence& evidence) {
  bool failures = false;
  {
    const std::lock_guard lock(mutex_);
    failures = ledger_.OnEvidence(node, instance, evidence, options_.clock->Now());
  }
  if (failures) urgent_();
}

void FleetLoop::OnGone(const std::string& node) {
  {
    const std::lock_guard lock(mutex_);
    ledger_.OnGone(node);
    members_.erase(node);
    for (auto& [upstream, said] : held_) said.erase(NameHash(node));
    plan_due_ = true;
  }
  urgent_();
}

void FleetLoop::SetCatalog(const store::Catalog& catalog) {
  RouteNames route_names;
  const auto first = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_ROUTE, ""));
  for (auto at = first; at != catalog.resources.end() && at->first.first == v1::KIND_ROUTE; ++at) {
    route_names.emplace(std::max<std::uint64_t>(1, NameHash(at->second->name())), at->second->name());
  }
  const std::lock_guard lock(mutex_);
  route_names_ = std::move(route_names);
  ledger_.SetCatalog(catalog, options_.clock->Now());
  for (auto& [names, weak] : sets_) {
    if (const auto set = weak.lock()) set->frames.clear();
  }
  plan_due_ = true;
}

void FleetLoop::Join(const std::string& node, const std::string& zone) {
  const std::lock_guard lock(mutex_);
  Member& member = members_[node];
  member = {};
  member.zone = zone;
  member.name = NameHash(node);
  member.joined = options_.clock->Now();
}

bool FleetLoop::Tick() {
  const std::lock_guard lock(mutex_);
  const TimePoint now = options_.clock->Now();
  const std::uint64_t before = ledger_.epoch();
  const std::uint64_t plan_before = plan_version_;
  const bool on_second = now - stepped_ >= kWeightPeriod;
  if (on_second) ledger_.JudgeSlowness(now);
  ledger_.Judge(now, options_.clock->WallNow());
  if (on_second) {
    stepped_ = now;
    ledger_.StepAllWeights(now);
    FindSilent(now);
  }
  TellInFlight(now);
  // A plan costs more the more agents there are; while thousands come back it is made once a second.
  const Duration gap = std::min<Duration>(kLongestPlanGap, members_.size() * kPlanGapPerAgent);
  if (plan_due_ && now - planned_ >= gap) {
    plan_due_ = false;
    planned_ = now;
    Plan(now);
  }
  return ledger_.epoch() != before || plan_version_ != plan_before;
}

void FleetLoop::TellInFlight(TimePoint now) {
  if (now - told_in_flight_ < in_flight_gap_ - kTick / 10) return;
  if (in_flight_gap_ > kLongestInFlightGap && now - told_in_flight_ < 10 * kLongestInFlightGap) return;
  told_in_flight_ = now;
  const auto bytes = static_cast<double>(ledger_.TellInFlight()) * kRecordBytes * static_cast<double>(members_.size());
  in_flight_gap_ = std::max(kTick, Duration(static_cast<Duration::rep>(bytes / kInFlightBytes * 1e9)));
}

// A prober that says nothing any more is replaced even if its connection still stands.
void FleetLoop::FindSilent(TimePoint now) {
  const Duration patience = kSilentIntervals * options_.report_interval + std::chrono::seconds(1);
  for (auto& [node, member] : members_) {
    const auto at = ledger_.agents().find(node);
    const TimePoint heard = at == ledger_.agents().end() ? member.joined : std::max(at->second->last_heard, member.joined);
    const bool silent = now - heard > patience;
    if (silent != member.silent) plan_due_ = true;
    member.silent = silent;
  }
}

void FleetLoop::Subscribe(const std::string& node, Cursor& cursor, const std::shared_ptr<const v1::Snapshot>& target) {
  cursor.target = target;
  auto& known = by_target_[target.get()];
  if (known.first.lock() != target) {
    std::vector<std::string> names;
    for (const v1::Resource& resource : target->resources()) {
      if (resource.has_upstream()) names.push_back(resource.name());
    }
    std::sort(names.begin(), names.end());
    auto& slot = sets_[names];
    auto set = slot.lock();
    if (set == nullptr) slot = set = std::make_shared<UpstreamSet>();
    set->names = std::move(names);
    known = {target, std::move(set)};
    std::erase_if(by_target_, [](const auto& one) { return one.second.first.expired(); });
    std::erase_if(sets_, [](const auto& one) { return one.second.expired(); });
  }
  const std::shared_ptr<UpstreamSet> set = by_target_[target.get()].second;
  const auto member = members_.find(node);
  if (member != members_.end() && member->second.set != set) {
    member->second.set = set;
    plan_due_ = true;
  }
  if (cursor.set == set) return;
  cursor.set = set;
  cursor.since = 0;
}

Frame FleetLoop::Next(Cursor& cursor, const std::string& node, const std::shared_ptr<const v1::Snapshot>& target) {
  const std::lock_guard lock(mutex_);
  if (target == nullptr) return nullptr;
  if (cursor.target != target) Subscribe(node, cursor, target);
  const auto member = members_.find(node);
  if (member != members_.end() && member->second.subset_version > cursor.subsets) {
    cursor.subsets = member->second.subset_version;
    return EncodeSubsets(node, member->second);
  }
  if (member != members_.end() && member->second.probes != nullptr && member->second.version > cursor.probes) {
    cursor.probes = member->second.version;
    return member->second.probes;
  }
  return NextOverlay(cursor, options_.clock->Now());
}

Frame FleetLoop::NextOverlay(Cursor& cursor, TimePoint now) {
  UpstreamSet& set = *cursor.set;
  const bool silent = now - cursor.told >= kStillAlive;
  if (cursor.since == ledger_.epoch() && !silent) return nullptr;
  if (set.encoded_epoch != ledger_.epoch() || set.frames.size() >= kMaxFrames) {
    set.frames.clear();
    set.encoded_epoch = ledger_.epoch();
  }
  auto frame = set.frames.find(cursor.since);
  if (frame == set.frames.end()) frame = set.frames.emplace(cursor.since, Encode(set, cursor.since)).first;
  const bool plain = frame->second == nullptr;
  cursor.since = ledger_.epoch();
  if (plain && !silent) return nullptr;
  cursor.told = now;
  if (!plain) return frame->second;
  // All still holds: the same few bytes for everybody who starts from here.
  v1::ControllerMessage message;
  v1::Overlay& overlay = *message.mutable_overlay();
  overlay.set_epoch(ledger_.epoch());
  overlay.set_controller_instance(options_.instance);
  *overlay.mutable_ttl() = ToWire(kTtl);
  return std::make_shared<const std::string>(message.SerializeAsString());
}

Frame FleetLoop::Encode(const UpstreamSet& set, std::uint64_t since) {
  v1::ControllerMessage message;
  v1::Overlay& overlay = *message.mutable_overlay();
  overlay.set_full(since == 0);
  for (const std::string& name : set.names) {
    const auto upstream = ledger_.upstreams().find(name);
    if (upstream == ledger_.upstreams().end()) continue;
    for (const auto& [address, backend] : upstream->second->backends) {
      if (backend->named_epoch == 0 || std::max(backend->word_epoch, backend->flight_epoch) <= since) continue;
      v1::BackendOverlay& one = *overlay.add_backends();
      one.set_id(backend->id);
      if (backend->named_epoch > since) {
        one.set_upstream(name);
        one.set_backend(address);
      }
      if (backend->flight_epoch > since) one.set_in_flight(backend->told_in_flight);
      if (backend->word_epoch > since) *one.mutable_word() = backend->word;
    }
  }
  if (overlay.backends().empty() && since > 0) return nullptr;
  overlay.set_epoch(ledger_.epoch());
  overlay.set_controller_instance(options_.instance);
  *overlay.mutable_ttl() = ToWire(kTtl);
  const double seconds = std::clamp(static_cast<double>(members_.size()) / kEvidenceRate, 0.1, 1.0);
  *overlay.mutable_evidence_interval() = ToWire(Duration(static_cast<Duration::rep>(seconds * 1e9)));
  return std::make_shared<const std::string>(message.SerializeAsString());
}

absl::StatusOr<std::vector<std::string>> FleetLoop::SetOverride(const std::string& upstream, const std::string& backend,
                                                                const OverrideState& override) {
  std::vector<std::string> out;
  {
    const std::lock_guard lock(mutex_);
    out = ledger_.SetOverride(upstream, backend, override);
  }
  if (out.empty()) {
    return absl::NotFoundError(upstream.empty() ? fmt::format("no upstream has a backend {}", backend)
                                                : fmt::format("upstream {} has no backend {}", upstream, backend));
  }
  urgent_();
  return out;
}

LedgerCounters FleetLoop::counters() const {
  const std::lock_guard lock(mutex_);
  return ledger_.counters();
}

std::map<v1::Verdict, std::size_t> FleetLoop::Verdicts() const {
  const std::lock_guard lock(mutex_);
  std::map<v1::Verdict, std::size_t> out;
  for (const auto& [name, upstream] : ledger_.upstreams()) {
    for (const auto& [address, backend] : upstream->backends) ++out[backend->word.verdict()];
  }
  return out;
}

}  // namespace switchyard::controlplane::fleet
