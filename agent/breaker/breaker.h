// Breaker: whether attempts may go to one backend, learnt from how attempts there have ended.
//
//                    likely errors            certain errors              open time over
//   EVIDENCE  closed ------------> soft (25 %) -------------> open -----------------------> half-open 1 % -> 5 % -> 25 % -> closed
//   COUNT     closed ------ rates, failures in a row -------> open -----------------------> half-open (n at a time) ------> closed
//
// EVIDENCE decides by sequential tests against the peers' errors (sequential_test.h): errors that all backends have open nobody. The first
// two stages of half-open must show that the error share is nearer to p0 than to one half (7 straight successes), the last that it is nearer
// to p0 than to p1 (54), or goes by for 3 s without a failure: a backend that fails half of its requests does not get back by luck. In the
// last stage the share grows from 25 % to all as the proof does, over 1 s at least. Open time is 5 s, doubled each time up to 5 min, +-10 %.
// While half-open a stage's share of the weight is not all: a trial is due at least each second (TrialDue).
// Others may know sooner that the cause is gone. Probes that failed while it was open and succeed now (ProbesSay) end the open time, and stand
// for the first two stages; of one that opens often they must have been good for some time. One that has not opened forgets its suspicion.
// The fleet, which ejected the backend and lets it return (Follow), sees the evidence of all agents: what it gives is the share, and when it
// holds the backend good this breaker closes, unless its own evidence says otherwise.
// COUNT is the familiar breaker: failures in a row, error rate or slow-call rate over a window; a fixed open time; successes in a row.
// A result counts for the state in which its attempt began; what comes late is ignored by the tests.
//
// Pure: time is passed in. Thread-safety: one worker. Cost: O(1) per result; COUNT reads ten buckets per failure. Sources: algorithms of
// Hystrix and Resilience4j for COUNT; EVIDENCE is simulated beside them in tests/sim.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "agent/breaker/outcome.h"
#include "agent/breaker/rate_window.h"
#include "common/stats/sequential_test.h"
#include "common/base/random.h"

namespace switchyard::agent::breaker {

using stats::Hypotheses;
using stats::OnsetOf;
using stats::SequentialTest;

enum class Mode : std::uint8_t { kEvidence, kCount, kOff };
enum class Force : std::uint8_t { kNone, kOpen, kClosed };
enum class State : std::uint8_t { kClosed, kSoft, kOpen, kHalfOpen };
enum class Reason : std::uint8_t { kNone, kFailuresInARow, kErrorRate, kSlowCalls, kForced };

// The words of status pages and metrics: `closed`, `soft`, `open`, `half_open`; `failures_in_a_row`, `error_rate`, `slow_calls`, `forced`.
std::string_view NameOf(State state);
std::string_view NameOf(Reason reason);

struct BreakerPolicy {
  Mode mode = Mode::kEvidence;
  Duration open_timeout = std::chrono::seconds(5);
  // Below: COUNT only, but for slow_call.
  std::uint32_t failure_threshold = 5;
  std::uint32_t success_threshold = 3;
  std::uint32_t half_open_max_requests = 3;
  double error_rate = 0.5;
  std::uint32_t minimum_requests = 20;
  Duration window = std::chrono::seconds(10);
  Duration slow_call{};  // 0: COUNT knows no slow calls; EVIDENCE takes 4 times the typical peak
  double slow_rate = 1.0;
};

// What the peers look like now.
struct Peers {
  double error = 0;    // median share of errors
  double latency = 0;  // median of peak latencies, seconds; 0: unknown
  bool may_open = true;  // the capacity that is left allows one more to open
  double slow = 0;       // median share of slow answers, where it is known
};

// An answer that counts as slow; see BreakerPolicy.slow_call. Below 10 ms nothing is slow because it is slower than others.
inline bool IsSlow(const BreakerPolicy& policy, const AttemptResult& result, double typical_latency) {
  if (result.outcome != Outcome::kSuccess) return false;
  if (policy.slow_call > Duration::zero()) return result.latency > policy.slow_call;
  if (policy.mode != Mode::kEvidence || result.latency <= std::chrono::milliseconds(10)) return false;
  return typical_latency > 0 && std::chrono::duration<double>(result.latency).count() > 4 * typical_latency;
}

class Breaker {
 public:
  // Of attempts that began before there was a breaker to ask.
  static constexpr std::uint32_t kFirstTicket = 1;

  // At the attempt's start; the ticket goes back with the result.
  std::uint32_t Started(const BreakerPolicy& policy, TimePoint now);
  void Ended(const BreakerPolicy& policy, std::uint32_t ticket, const AttemptResult& result, const Peers& peers, TimePoint now, Random& random);

  // A failure that is its own after all, of an attempt that has ended already.
  void Charge(const BreakerPolicy& policy, const Peers& peers, TimePoint now, Random& random);

  void SetForce(Force force) { force_ = force; }
  bool forced() const { return force_ != Force::kNone; }
  // Closed, and nothing is held against it any more: a new one would be the same.
  bool Forgotten() const { return state_ == State::kClosed && backoff_ == 0 && errors_.sum() <= 0 && slow_.sum() <= 0; }
  // It is half-open at the share that the fleet gives.
  bool following() const { return following_; }
  // Probes have changed their mind about the backend.
  void ProbesSay(bool well, TimePoint now);
  // The fleet lets the backend return that it had ejected: its share holds from now on. EVIDENCE only.
  void Follow(const BreakerPolicy& policy, TimePoint now);
  // ... holds it good; or has ejected it again.
  void FollowedToTheEnd(TimePoint now);
  void FollowedInVain(const BreakerPolicy& policy, TimePoint now);
  // Moves on what time alone moves. Before reading the state.
  void Tick(const BreakerPolicy& policy, TimePoint now);

  State state() const;
  Reason reason() const { return force_ == Force::kNone ? reason_ : Reason::kForced; }
  // Takes no attempt at all now.
  bool Bars(const BreakerPolicy& policy) const;
  // Of the weight, 0-1, for a backend that is not barred.
  float Share() const;
  // The evidence is half way to being likely: one more bad result may open it.
  bool Leaning() const { return std::max(errors_.sum(), slow_.sum()) >= SequentialTest::kLikely / 2; }
  // A half-open backend needs an attempt to learn from. `picks`: of the upstream since its last trial.
  bool TrialDue(TimePoint now, std::uint64_t picks) const;
  // From closed (or soft) to open, and back to closed, since the start.
  std::uint64_t opened() const { return opened_; }
  std::uint64_t closed() const { return closed_; }

 private:
  void Open(const BreakerPolicy& policy, Reason reason, TimePoint now, Random& random);
  void Close(TimePoint now);
  void Enter(State state, TimePoint now);
  void EnterStage(std::uint32_t stage, TimePoint now);
  // What is held against one that is not open is of before. False: it is open or half-open.
  bool ForgetSuspicion();
  bool FoundWell(const BreakerPolicy& policy, TimePoint now) const;
  void GrowShare(TimePoint now);
  void EndedEvidence(const BreakerPolicy& policy, const AttemptResult& result, const Peers& peers, TimePoint now, Random& random);
  void EndedStage(const BreakerPolicy& policy, bool error, const Peers& peers, TimePoint now, Random& random);
  void EndedCount(const BreakerPolicy& policy, const AttemptResult& result, TimePoint now, Random& random);

  State state_ = State::kClosed;
  Reason reason_ = Reason::kNone;
  Force force_ = Force::kNone;
  std::uint32_t ticket_ = kFirstTicket;  // changes with the state
  std::uint32_t trials_ = 0;  // under way
  std::uint32_t in_a_row_ = 0;
  std::uint32_t stage_ = 0;
  std::uint32_t backoff_ = 0;  // doublings of the open time
  SequentialTest errors_;
  SequentialTest slow_;
  RateWindow window_;
  TimePoint open_until_{};
  TimePoint healthy_since_{};
  TimePoint last_trial_{};
  TimePoint stage_since_{};
  TimePoint clean_since_{};   // of the stage: no failure since
  TimePoint well_since_{};    // by probes, after they had failed while this was open; else nothing
  float progress_ = 0;        // of the last stage's proof
  bool following_ = false;    // the fleet's share holds
  std::uint64_t opened_ = 0;
  std::uint64_t closed_ = 0;
};

}  // namespace switchyard::agent::breaker
