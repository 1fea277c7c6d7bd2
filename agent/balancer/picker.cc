#include "agent/balancer/picker.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {

std::vector<const LocalEvidence*> EvidenceOf(const std::vector<BackendRecord*>& records) {
  std::vector<const LocalEvidence*> out;
  out.reserve(records.size());
  for (const BackendRecord* record : records) out.push_back(&record->evidence);
  return out;
}

}  // namespace

Picker::Picker(std::shared_ptr<const PickerPolicy> policy, std::vector<BackendRecord*> records, bool joins, TimePoint now, Random& random)
    : policy_(std::move(policy)),
      records_(std::move(records)),
      standings_(records_.size()),
      says_(records_.size()),
      selection_(policy_->plan, EvidenceOf(records_), random) {
  half_open_.reserve(records_.size());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    BackendRecord& record = *records_[i];
    record.breaker.SetForce(policy_->forces.empty() ? breaker::Force::kNone : policy_->forces[i]);
    if (record.known) selection_.slow_start(i) = record.slow_start;
    if (!record.known && joins) selection_.slow_start(i).Begin(now);
    record.known = true;
    selection_.SetInFlight(i, record.in_flight);
  }
}

void Picker::SetBasis(std::size_t member, bool active, bool healthy) {
  // Probes know sooner than a time out that a backend is back; trials with a few requests follow.
  if (healthy && !standings_[member].healthy) records_[member]->breaker.EndTimeOut();
  standings_[member].active = active;
  standings_[member].healthy = healthy;
}

void Picker::Judge(std::size_t member, TimePoint now) {
  BackendRecord& record = *records_[member];
  Standing& standing = standings_[member];
  record.breaker.Tick(policy_->breaker, now);
  record.outlier.Tick(policy_->outlier, now);
  // EVIDENCE gives way when too little would be left; a breaker that counts, or that an operator holds, does not.
  const bool bars = record.breaker.Bars(policy_->breaker);
  const bool yields = policy_->breaker.mode == breaker::Mode::kEvidence && record.breaker.reason() != breaker::Reason::kForced;
  standing.barred = bars && !yields;
  standing.ejected = (bars && yields) || record.outlier.ejected();
  standing.share = std::min(record.breaker.Share(), record.outlier.Share(now));
  Combine(says_[member], standing);
}

// The worse of what we and the fleet hold of it; an operator's word goes over both.
void Picker::Combine(const FleetSay& say, Standing& standing) {
  standing.effective = say.effective;
  standing.forced = say.forced_in;
  standing.left_out = say.left_out;
  if (say.forced_in) {
    standing.barred = standing.ejected = false;
    standing.share = 1;
    return;
  }
  standing.barred = standing.barred || say.forced_out;
  standing.ejected = standing.ejected || say.ejected;
  standing.share = std::min(standing.share, say.share);
}

void Picker::Refresh(TimePoint now) {
  half_open_.clear();
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Judge(i, now);
    BackendRecord& record = *records_[i];
    const Standing& standing = standings_[i];
    // A verdict of the fleet brings its own way back.
    const bool by_fleet = says_[i].ejected || says_[i].share < 1;
    const bool takes = standing.active && standing.healthy && !standing.ejected && !standing.barred && policy_->plan->members[i].weight > 0;
    const bool good = by_fleet ? record.was_good : takes;
    // Breakers and outlier detection return step by step themselves.
    if (good && !record.was_good) selection_.slow_start(i).Begin(now);
    record.was_good = good;
    record.slow_start = selection_.slow_start(i);
    const bool may_try = standing.active && standing.healthy && !standing.left_out && policy_->plan->members[i].weight > 0;
    if (may_try && !standing.barred && record.breaker.state() == breaker::State::kHalfOpen) half_open_.push_back(i);
  }
  selection_.Refresh(now, standings_);
}

std::size_t Picker::Pick(std::optional<std::uint64_t> key, std::size_t session, std::size_t avoid, TimePoint now, Random& random) {
  ++picks_;
  for (const std::size_t member : half_open_) {
    if (member == avoid || !records_[member]->breaker.TrialDue(now, picks_)) continue;
    picks_ = 0;
    return member;
  }
  if (session < records_.size() && session != avoid && (selection_.usable(session) || MayVisit(session))) return session;
  return selection_.Pick(key, avoid, now, random);
}

bool Picker::MayVisit(std::size_t member) const {
  const Standing& standing = standings_[member];
  return standing.left_out && standing.active && standing.healthy && !standing.ejected && !standing.barred && policy_->plan->members[member].weight > 0;
}

Refusal Picker::refusal() const {
  const bool open = std::any_of(standings_.begin(), standings_.end(), [](const Standing& one) { return one.active && one.barred; });
  return open ? Refusal::kBreakerOpen : Refusal::kNobody;
}

std::uint32_t Picker::Started(std::size_t member, TimePoint now) {
  BackendRecord& record = *records_[member];
  selection_.SetInFlight(member, ++record.in_flight);
  const std::uint32_t ticket = record.breaker.Started(policy_->breaker, now);
  // A breaker that lets a few through at a time may be full now.
  if (record.breaker.state() == breaker::State::kHalfOpen && record.breaker.Bars(policy_->breaker)) {
    Judge(member, now);
    selection_.Withhold(member);
  }
  return ticket;
}

bool Picker::MayEject(std::size_t member) const {
  double active = 0;
  double ejected = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const std::uint32_t weight = policy_->plan->members[i].weight;
    if (!standings_[i].active || weight == 0 || (standings_[i].left_out && i != member)) continue;
    ++count;
    active += weight;
    const bool off = standings_[i].ejected || standings_[i].barred || !standings_[i].healthy;
    ejected += off && i != member ? weight : 0;
  }
  const double then = ejected + policy_->plan->members[member].weight;
  return then <= policy_->most_ejected * active || (ejected <= 0 && count > 1);
}

void Picker::Ended(std::size_t member, std::uint32_t ticket, const breaker::AttemptResult& result, TimePoint now, Random& random) {
  BackendRecord& record = *records_[member];
  if (record.in_flight > 0) selection_.SetInFlight(member, --record.in_flight);
  if (result.outcome == breaker::Outcome::kAbandoned) {
    record.evidence.OnAbandoned(now, result.latency);
  } else if (result.outcome == breaker::Outcome::kSuccess) {
    record.evidence.OnSuccess(now, result.latency);
  } else {
    record.evidence.OnFailure(now, breaker::SeverityOf(result.outcome));
  }
  const breaker::State before = record.breaker.state();
  breaker::Peers peers{selection_.typical_error(), selection_.typical_latency(), true};
  if (record.breaker.Leaning()) peers.may_open = MayEject(member);
  record.breaker.Ended(policy_->breaker, ticket, result, peers, now, random);
  const breaker::EjectReason eject = record.outlier.Ended(policy_->outlier, result.outcome, peers.error, now);
  if (eject != breaker::EjectReason::kNone && MayEject(member)) record.outlier.Eject(policy_->outlier, eject, now, random);
  if (record.breaker.state() == before && eject == breaker::EjectReason::kNone) return;
  Judge(member, now);
  if (standings_[member].barred || standings_[member].ejected) selection_.Withhold(member);
}

}  // namespace switchyard::agent::balancer
