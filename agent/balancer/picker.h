// Picker: who takes the next attempt of one upstream, and what the attempts that ended say about who should.
//
// Puts together the selection (selection.h), a breaker and an outlier detector per backend, breakers per route and backend, and the guard on how
// much of the capacity they may turn off. A record belongs to a backend and outlives pickers: a change of configuration makes a new picker over
// the same records.
//
// Two levels of breakers. Where several routes use the upstream a failing answer is the route's affair first (route_breakers.h): it opens the
// breaker of (route, backend), so that this route avoids the backend and the others keep it. It counts for the backend, too, once the backend
// fails others as well; and whatever is about the backend alone (refused, reset, TLS) does at once. Where one route uses the upstream, route and
// backend cannot be told apart, and there is one level. A request must pass both: an open backend is open for every route, an operator's word
// goes over both levels.
//
// An attempt: Pick, Started, then Ended exactly once with the ticket that Started gave. What a result changes holds for the next pick, not
// only from the next refresh on.
//
// Pure: the same code runs in the proxy and in tests/sim. Thread-safety: one worker. Cost: Pick and Ended O(1) besides the balancer's, one
// comparison more for routes while all are well; Refresh O(n), every 10 ms.
#pragma once

#include <memory>
#include <vector>

#include "agent/balancer/route_level.h"
#include "agent/balancer/selection.h"

namespace switchyard::agent::balancer {

struct PickerPolicy {
  std::shared_ptr<const Plan> plan;
  breaker::BreakerPolicy breaker;
  breaker::OutlierPolicy outlier;
  // Of the ACTIVE weight, that outlier detection and EVIDENCE breakers may turn off. One backend of several always may.
  double most_ejected = 0.5;
  std::vector<breaker::Force> forces;  // per member; empty: none
};

// What the fleet's loop says of a member; plain: nothing.
struct FleetSay {
  float effective = 1;  // factor to its weight
  float share = 1;      // of that
  bool ejected = false;
  bool forced_out = false;  // by an operator
  bool forced_in = false;
  bool left_out = false;    // not in this agent's subset
};

// Why nothing was picked.
enum class Refusal : std::uint8_t { kNobody, kBreakerOpen };

// Of the two breakers that an attempt is under.
struct Ticket {
  std::uint32_t backend = 0;
  std::uint32_t route = breaker::Breaker::kFirstTicket;
};

class Picker {
 public:
  // `records`: per member, must outlive the picker. `joins`: a record not known before belongs to a backend that joins running ones, and
  // warms up.
  Picker(std::shared_ptr<const PickerPolicy> policy, std::vector<BackendRecord*> records, bool joins, TimePoint now, Random& random);

  // What operators and probes say. Before Refresh.
  void SetBasis(std::size_t member, bool active, bool healthy);
  // What the fleet's loop says. Before Refresh.
  void SetFleet(std::size_t member, const FleetSay& say) { says_[member] = say; }
  void SetOthers(std::size_t member, float in_flight) { selection_.SetOthers(member, in_flight); }
  void SetOthersAt(TimePoint at) { selection_.SetOthersAt(at); }
  // Whether more than one route uses the upstream.
  void SetSeveralRoutes(bool several);
  bool RefreshDue(TimePoint now) const { return selection_.RefreshDue(now); }
  void Refresh(TimePoint now);

  // `session`: the member that the request asks for, or kNone. `avoid`: where it just failed, or kNone. `route`: its id, 0: none.
  std::size_t Pick(std::optional<std::uint64_t> key, std::size_t session, std::size_t avoid, TimePoint now, Random& random, std::uint64_t route = 0);
  Refusal refusal(std::uint64_t route = 0) const;
  // Whether an ordinary request may go there.
  bool Usable(std::size_t member, std::uint64_t route = 0) const {
    return selection_.usable(member) && (!routes_.any_limits() || routes_.ShareOf(member, route) > 0);
  }

  Ticket Started(std::size_t member, TimePoint now, std::uint64_t route = 0);
  // True: it is bad, and may be the route's own trouble rather than the backend's, so the fleet is to be told by route.
  bool Ended(std::size_t member, const Ticket& ticket, const breaker::AttemptResult& result, TimePoint now, Random& random,
             const breaker::RouteName& route = {});
  void OnReport(std::size_t member, const Report& report) { selection_.OnReport(member, report); }
  std::size_t Wanted(TimePoint now, Random& random, std::span<std::size_t> out) { return selection_.Wanted(now, random, out); }

  bool panic() const { return selection_.panic(); }
  const Standing& standing(std::size_t member) const { return standings_[member]; }

 private:
  bool MayEject(std::size_t member, std::uint64_t route = 0) const;
  std::size_t PickForRoute(std::uint64_t route, std::optional<std::uint64_t> key, std::size_t session, std::size_t avoid, TimePoint now, Random& random);
  bool IsBad(const breaker::AttemptResult& result) const;
  // What routes make of a result: what the backend's breaker is `told`. Returns failures to charge it with besides.
  std::uint32_t AskRoutes(std::size_t member, const Ticket& ticket, const breaker::RouteName& route, TimePoint now, Random& random,
                          breaker::AttemptResult& told);
  // The route's part of a result. False: the backend's breaker is not told.
  bool EndedForRoute(std::size_t member, const Ticket& ticket, const breaker::AttemptResult& result, const breaker::RouteName& route, TimePoint now,
                     Random& random, std::uint32_t& charges);
  void ChargeBackend(std::size_t member, TimePoint now, Random& random);
  inline void TellBackend(std::size_t member, std::uint32_t ticket, const breaker::AttemptResult& result, TimePoint now, Random& random);
  void ForgetWhatIsOver(std::size_t member, TimePoint now);
  void TakeNews(std::size_t member, TimePoint now);
  void BackendChanged(std::size_t member, breaker::State before, TimePoint now);
  bool MayTry(std::size_t member) const;
  void Judge(std::size_t member, TimePoint now);
  // Of the subset it is not, but nothing speaks against it: a session that belongs there goes there.
  bool MayVisit(std::size_t member) const;
  static void Combine(const FleetSay& say, Standing& standing);

  const std::shared_ptr<const PickerPolicy> policy_;
  const std::vector<BackendRecord*> records_;
  std::vector<Standing> standings_;
  std::vector<FleetSay> says_;
  Selection selection_;
  std::vector<std::size_t> half_open_;
  std::vector<std::size_t> without_;  // for one pick
  std::uint64_t picks_ = 0;  // since the last trial
  RouteLevel routes_;
};

}  // namespace switchyard::agent::balancer
