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
      selection_(policy_->plan, EvidenceOf(records_), random),
      routes_(policy_->breaker, records_, standings_) {
  half_open_.reserve(records_.size());
  without_.reserve(records_.size());
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

// What others have found: they may know sooner than a time-out that the backend is back.
void Picker::TakeNews(std::size_t member, TimePoint now) {
  BackendRecord& record = *records_[member];
  const FleetSay& say = says_[member];
  const bool healthy = standings_[member].healthy;
  if (healthy != record.was_healthy) {
    record.was_healthy = healthy;
    record.breaker.ProbesSay(healthy, now);
    routes_.ProbesSay(member, healthy, now);
  }
  if (say.ejected != record.was_ejected) {
    record.was_ejected = say.ejected;
    // The fleet's verdict stands for all routes.
    routes_.Clear(member);
    if (say.ejected) record.breaker.FollowedInVain(policy_->breaker, now);
    // Straight to good again: a mistrial, or the controller is gone. Our own evidence decides.
    if (!say.ejected && say.share < 1) record.breaker.Follow(policy_->breaker, now);
  }
  if (!say.ejected && say.share >= 1) record.breaker.FollowedToTheEnd(now);
}

// How it did before it fell ill, and while it was, says nothing of how it does now; and what a test has shown goes over what an average still holds.
void Picker::ForgetWhatIsOver(std::size_t member, TimePoint now) {
  BackendRecord& record = *records_[member];
  const Standing& standing = standings_[member];
  const bool out = !standing.healthy || standing.ejected || standing.barred;
  const bool held = out || standing.share < 1;
  if (record.was_out && !out) record.evidence.Forget(selection_.typical_latency(), now);
  if (record.was_held && !held) record.evidence.ForgetErrors();
  record.was_out = out;
  record.was_held = held;
}

void Picker::Refresh(TimePoint now) {
  half_open_.clear();
  routes_.Refresh(now);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    TakeNews(i, now);
    Judge(i, now);
    ForgetWhatIsOver(i, now);
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
    if (MayTry(i) && record.breaker.state() == breaker::State::kHalfOpen) half_open_.push_back(i);
  }
  selection_.Refresh(now, standings_);
}

// Trials go there, if there is something to try.
bool Picker::MayTry(std::size_t member) const {
  const Standing& standing = standings_[member];
  // What the fleet has ejected the fleet tries.
  if (says_[member].ejected) return false;
  return standing.active && standing.healthy && !standing.left_out && !standing.barred && policy_->plan->members[member].weight > 0;
}

std::size_t Picker::Pick(std::optional<std::uint64_t> key, std::size_t session, std::size_t avoid, TimePoint now, Random& random,
                         std::uint64_t route) {
  ++picks_;
  routes_.Asked(route);
  for (const std::size_t member : half_open_) {
    if (member == avoid || !records_[member]->breaker.TrialDue(now, picks_)) continue;
    // The route's own trouble would say nothing about the backend.
    if (routes_.any_limits() && routes_.ShareOf(member, route) < 1) continue;
    picks_ = 0;
    return member;
  }
  if (routes_.any_limits()) return PickForRoute(route, key, session, avoid, now, random);
  if (session < records_.size() && session != avoid && (selection_.usable(session) || MayVisit(session))) return session;
  return selection_.Pick(key, avoid, now, random);
}

std::size_t Picker::PickForRoute(std::uint64_t route, std::optional<std::uint64_t> key, std::size_t session, std::size_t avoid, TimePoint now,
                                 Random& random) {
  const bool asks_session = session < records_.size() && session != avoid;
  bool session_takes = asks_session && (selection_.usable(session) || MayVisit(session));
  without_.clear();
  for (RouteLevel::Limit& limit : routes_.LimitsOf(route)) {
    ++limit.picks;
    const float share = routes_.ShareOf(limit);
    if (share >= 1) continue;
    if (share > 0 && limit.member != avoid && limit.state->breaker.TrialDue(now, limit.picks) && MayTry(limit.member)) {
      limit.picks = 0;
      return limit.member;
    }
    if (limit.member == session) session_takes = session_takes && share > 0;
    // By chance and not as a smaller weight: balancers that take turns would put off those of other routes.
    if (random.Unit() >= static_cast<double>(share)) without_.push_back(limit.member);
  }
  if (session_takes) return session;
  if (without_.empty()) return selection_.Pick(key, avoid, now, random);
  return selection_.PickWithout(without_, policy_->breaker.mode == breaker::Mode::kEvidence, key, avoid, now, random);
}

bool Picker::MayVisit(std::size_t member) const {
  const Standing& standing = standings_[member];
  return standing.left_out && standing.active && standing.healthy && !standing.ejected && !standing.barred && policy_->plan->members[member].weight > 0;
}

Refusal Picker::refusal(std::uint64_t route) const {
  const bool open = std::any_of(standings_.begin(), standings_.end(), [](const Standing& one) { return one.active && one.barred; });
  return open || routes_.Bars(route) ? Refusal::kBreakerOpen : Refusal::kNobody;
}

Ticket Picker::Started(std::size_t member, TimePoint now, std::uint64_t route) {
  BackendRecord& record = *records_[member];
  selection_.SetInFlight(member, ++record.in_flight);
  Ticket ticket;
  ticket.backend = record.breaker.Started(policy_->breaker, now);
  // A breaker that lets a few through at a time may be full now.
  if (record.breaker.state() == breaker::State::kHalfOpen && record.breaker.Bars(policy_->breaker)) {
    Judge(member, now);
    selection_.Withhold(member);
  }
  if (record.routes != nullptr && route != 0) {
    if (breaker::RouteBreaker* one = record.routes->Find(route)) ticket.route = one->breaker.Started(policy_->breaker, now);
  }
  return ticket;
}

// Of one route, where `route` is not 0: what its own breakers keep from it counts as well.
bool Picker::MayEject(std::size_t member, std::uint64_t route) const {
  double active = 0;
  double ejected = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const std::uint32_t weight = policy_->plan->members[i].weight;
    if (!standings_[i].active || weight == 0 || (standings_[i].left_out && i != member)) continue;
    ++count;
    active += weight;
    bool off = standings_[i].ejected || standings_[i].barred || !standings_[i].healthy;
    off = off || (route != 0 && routes_.ShareOf(i, route) < 0.25F);
    ejected += off && i != member ? weight : 0;
  }
  const double then = ejected + policy_->plan->members[member].weight;
  return then <= policy_->most_ejected * active || (ejected <= 0 && count > 1);
}

void Picker::TellBackend(std::size_t member, std::uint32_t ticket, const breaker::AttemptResult& result, TimePoint now, Random& random) {
  BackendRecord& record = *records_[member];
  const breaker::State before = record.breaker.state();
  breaker::Peers peers{selection_.typical_error(), selection_.typical_latency(), true};
  if (record.breaker.Leaning()) peers.may_open = MayEject(member);
  record.breaker.Ended(policy_->breaker, ticket, result, peers, now, random);
  const breaker::EjectReason eject = record.outlier.Ended(policy_->outlier, result.outcome, peers.error, now);
  if (eject != breaker::EjectReason::kNone && MayEject(member)) record.outlier.Eject(policy_->outlier, eject, now, random);
  if (record.breaker.state() != before || eject != breaker::EjectReason::kNone) BackendChanged(member, before, now);
}

bool Picker::Ended(std::size_t member, const Ticket& ticket, const breaker::AttemptResult& result, TimePoint now, Random& random,
                   const breaker::RouteName& route) {
  BackendRecord& record = *records_[member];
  if (record.in_flight > 0) selection_.SetInFlight(member, --record.in_flight);
  if (result.outcome == breaker::Outcome::kAbandoned) {
    record.evidence.OnAbandoned(now, result.latency);
  } else if (result.outcome == breaker::Outcome::kSuccess) {
    record.evidence.OnSuccess(now, result.latency);
  } else {
    record.evidence.OnFailure(now, breaker::SeverityOf(result.outcome));
  }
  breaker::AttemptResult told = result;
  std::uint32_t charges = 0;
  const bool bad = routes_.several() && IsBad(result);
  // Nearly always nothing is wrong for any route, and nothing was.
  if (bad || record.routes != nullptr) [[unlikely]] charges = AskRoutes(member, ticket, route, now, random, told);
  TellBackend(member, ticket.backend, told, now, random);
  for (; charges > 0; --charges) ChargeBackend(member, now, random);
  return bad && route.id != 0 && breaker::ConcernsRoute(result.outcome) && !routes_.Dominates(route.id);
}

bool Picker::IsBad(const breaker::AttemptResult& result) const {
  return breaker::IsFailure(result.outcome) || breaker::IsSlow(policy_->breaker, result, selection_.typical_latency());
}

std::uint32_t Picker::AskRoutes(std::size_t member, const Ticket& ticket, const breaker::RouteName& route, TimePoint now, Random& random,
                                breaker::AttemptResult& told) {
  std::uint32_t charges = 0;
  if (!EndedForRoute(member, ticket, told, route, now, random, charges)) {
    // The backend gets its place among the trials back and hears of no failure; a slow answer is an answer.
    const bool answered = told.outcome == breaker::Outcome::kSuccess;
    told = {answered ? told.outcome : breaker::Outcome::kAbandoned, {}};
  }
  return charges;
}

bool Picker::EndedForRoute(std::size_t member, const Ticket& ticket, const breaker::AttemptResult& result, const breaker::RouteName& route, TimePoint now,
                           Random& random, std::uint32_t& charges) {
  BackendRecord& record = *records_[member];
  const bool failed = breaker::IsFailure(result.outcome);
  const bool slow = breaker::IsSlow(policy_->breaker, result, selection_.typical_latency());
  const bool concerns = route.id != 0 && breaker::ConcernsRoute(result.outcome);
  const bool judged = policy_->breaker.mode != breaker::Mode::kOff && routes_.several() && !record.breaker.forced();
  breaker::RouteBreaker* own = record.routes ? record.routes->Find(route.id) : nullptr;
  if (own == nullptr && judged && concerns && (failed || slow)) own = routes_.Take(member, route);
  if (!record.routes) return true;
  if (result.outcome != breaker::Outcome::kAbandoned) charges = record.routes->Count(route.id, failed, slow, now);
  if (own == nullptr) return true;
  const breaker::State before = own->breaker.state();
  const std::uint64_t opened = own->breaker.opened();
  breaker::Peers peers;
  if (own->breaker.Leaning() || before != breaker::State::kClosed) {
    peers = routes_.PeersOf(member, route.id);
    peers.may_open = MayEject(member, route.id);
  }
  peers.latency = selection_.typical_latency();
  own->breaker.Ended(policy_->breaker, ticket.route, concerns ? result : breaker::AttemptResult{}, peers, now, random);
  record.routes_opened += own->breaker.opened() - opened;
  if ((own->breaker.state() == breaker::State::kClosed) != (before == breaker::State::kClosed)) routes_.Changed();
  if (!concerns || !(failed || slow)) return true;
  if (own->RestFails()) {
    charges += own->Release(now);
    return true;
  }
  if (failed) own->Hold(now);
  return false;
}

void Picker::ChargeBackend(std::size_t member, TimePoint now, Random& random) {
  BackendRecord& record = *records_[member];
  const breaker::State before = record.breaker.state();
  breaker::Peers peers{selection_.typical_error(), selection_.typical_latency(), true};
  if (record.breaker.Leaning()) peers.may_open = MayEject(member);
  record.breaker.Charge(policy_->breaker, peers, now, random);
  if (record.breaker.state() != before) BackendChanged(member, before, now);
}

void Picker::BackendChanged(std::size_t member, breaker::State before, TimePoint now) {
  // What routes hold against it has done its work; behind the open breaker it would only grow old.
  if (before != breaker::State::kOpen && records_[member]->breaker.state() == breaker::State::kOpen) routes_.Clear(member);
  Judge(member, now);
  if (standings_[member].barred || standings_[member].ejected) selection_.Withhold(member);
}

void Picker::SetSeveralRoutes(bool several) { routes_.SetSeveral(several); }

}  // namespace switchyard::agent::balancer
