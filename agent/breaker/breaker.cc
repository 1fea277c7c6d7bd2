#include "agent/breaker/breaker.h"

#include <algorithm>
#include <array>
#include <utility>

namespace switchyard::agent::breaker {
namespace {

// Soft ends only well below where it began.
constexpr double kSoftEnds = SequentialTest::kLikely / 2;
constexpr float kSoftShare = 0.25F;
constexpr std::array<float, 3> kStageShares = {0.01F, 0.05F, 0.25F};
constexpr std::uint32_t kLastStage = kStageShares.size() - 1;
// The last stage, and soft: a proof without failures need not wait for 54 results where traffic is thin, but for as many as show that it is
// not half; and where it is dense the share does not jump.
constexpr Duration kLongestProof = std::chrono::seconds(3);
constexpr std::uint32_t kLeastProof = 7;
constexpr Duration kShortestProof = std::chrono::seconds(1);
// Openings of late that probes may cut short at once. After that they must have found it well for half of the open time, and twice that each time.
constexpr std::uint32_t kFewOpenings = 2;
constexpr double kSharedCause = 0.30;
constexpr Duration kLongestOpen = std::chrono::minutes(5);
constexpr Duration kForgiveAfter = std::chrono::seconds(30);
constexpr std::uint32_t kMostDoublings = 6;
// Trials: at most one in twenty picks, at most ten a second, at least one a second.
constexpr std::uint64_t kPicksPerTrial = 20;
constexpr Duration kTrialGap = std::chrono::milliseconds(100);
constexpr Duration kTrialAtLeast = std::chrono::seconds(1);

}  // namespace

std::string_view NameOf(State state) {
  constexpr std::array<std::string_view, 4> kNames = {"closed", "soft", "open", "half_open"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view NameOf(Reason reason) {
  constexpr std::array<std::string_view, 5> kNames = {"", "failures_in_a_row", "error_rate", "slow_calls", "forced"};
  return kNames[static_cast<std::size_t>(reason)];
}

State Breaker::state() const {
  if (force_ == Force::kOpen) return State::kOpen;
  return force_ == Force::kClosed ? State::kClosed : state_;
}

bool Breaker::Bars(const BreakerPolicy& policy) const {
  if (state() == State::kOpen) return true;
  return state() == State::kHalfOpen && policy.mode == Mode::kCount && trials_ >= policy.half_open_max_requests;
}

float Breaker::Share() const {
  if (state() == State::kSoft) return kSoftShare;
  // COUNT is bounded by the number of trials, not by share.
  if (state() != State::kHalfOpen || stage_ > kLastStage || following_) return 1;
  return stage_ < kLastStage ? kStageShares[stage_] : kStageShares[kLastStage] + (1 - kStageShares[kLastStage]) * progress_;
}

bool Breaker::TrialDue(TimePoint now, std::uint64_t picks) const {
  if (state() != State::kHalfOpen || stage_ > kLastStage || following_ || trials_ > 0) return false;
  return now - last_trial_ >= kTrialAtLeast || (now - last_trial_ >= kTrialGap && picks >= kPicksPerTrial);
}

void Breaker::Enter(State state, TimePoint now) {
  state_ = state;
  ++ticket_;
  trials_ = 0;
  following_ = false;
  slow_.Reset();
  EnterStage(0, now);
}

void Breaker::EnterStage(std::uint32_t stage, TimePoint now) {
  stage_ = stage;
  in_a_row_ = 0;
  progress_ = 0;
  stage_since_ = clean_since_ = now;
  errors_.Reset();
}

void Breaker::ProbesSay(bool well, TimePoint now) {
  well_since_ = {};
  if (!well) return;
  if (ForgetSuspicion()) return;
  well_since_ = now;
  // Its time was over, but there was nothing to try.
  if (state_ == State::kHalfOpen && stage_ < kLastStage && backoff_ <= kFewOpenings) EnterStage(kLastStage, now);
}

bool Breaker::ForgetSuspicion() {
  if (state_ == State::kOpen || state_ == State::kHalfOpen) return false;
  errors_.Reset();
  slow_.Reset();
  if (std::exchange(state_, State::kClosed) == State::kSoft) reason_ = Reason::kNone;
  return true;
}

bool Breaker::FoundWell(const BreakerPolicy& policy, TimePoint now) const {
  if (well_since_ == TimePoint{}) return false;
  if (backoff_ <= kFewOpenings) return true;
  return now - well_since_ >= policy.open_timeout * (1 << (backoff_ - kFewOpenings - 1)) / 2;
}

void Breaker::Follow(const BreakerPolicy& policy, TimePoint now) {
  if (policy.mode != Mode::kEvidence || ForgetSuspicion()) return;
  Enter(State::kHalfOpen, now);
  EnterStage(kLastStage, now);
  following_ = true;
}

void Breaker::FollowedToTheEnd(TimePoint now) {
  if (!std::exchange(following_, false)) return;
  if (errors_.sum() <= 0) return Close(now);
  EnterStage(kLastStage, now);
}

void Breaker::FollowedInVain(const BreakerPolicy& policy, TimePoint now) {
  if (!following_) return;
  // The same trouble as before: it is not counted again.
  Enter(State::kOpen, now);
  open_until_ = now + policy.open_timeout;
}

void Breaker::Open(const BreakerPolicy& policy, Reason reason, TimePoint now, Random& random) {
  opened_ += state_ == State::kHalfOpen ? 0 : 1;
  // The fleet tries it often; its failures then are the same trouble as before.
  if (following_ && backoff_ > 0) --backoff_;
  Enter(State::kOpen, now);
  reason_ = reason;
  well_since_ = {};
  Duration open = policy.open_timeout;
  if (policy.mode == Mode::kEvidence) {
    const double jitter = 0.9 + 0.2 * random.Unit();
    open = std::min(open * (1 << std::min(backoff_, kMostDoublings)), std::max(kLongestOpen, open));
    open = Duration(static_cast<Duration::rep>(static_cast<double>(open.count()) * jitter));
    backoff_ = std::min(backoff_ + 1, kMostDoublings);
  }
  open_until_ = now + open;
}

void Breaker::Close(TimePoint now) {
  closed_ += state_ == State::kOpen || state_ == State::kHalfOpen ? 1 : 0;
  Enter(State::kClosed, now);
  reason_ = Reason::kNone;
  window_.Clear();
  healthy_since_ = now;
}

void Breaker::Tick(const BreakerPolicy& policy, TimePoint now) {
  if (policy.mode == Mode::kOff && state_ != State::kClosed) Close(now);
  const bool found_well = state_ == State::kOpen && FoundWell(policy, now);
  if (state_ == State::kOpen && (found_well || now >= open_until_)) {
    Enter(State::kHalfOpen, now);
    if (found_well) EnterStage(kLastStage, now);
    // COUNT has no stages.
    if (policy.mode == Mode::kCount) stage_ = kStageShares.size();
    last_trial_ = now - kTrialAtLeast;
  }
  if (state_ == State::kHalfOpen && stage_ == kLastStage && !following_) GrowShare(now);
  if (state_ == State::kClosed && backoff_ > 0 && now - healthy_since_ >= kForgiveAfter) {
    --backoff_;
    healthy_since_ = now;
  }
}

// As far as the proof has come: by evidence, or by time without a failure.
void Breaker::GrowShare(TimePoint now) {
  const auto part = [](Duration time, Duration of) { return std::chrono::duration<double>(time) / std::chrono::duration<double>(of); };
  double proven = -errors_.sum() / SequentialTest::kLikely;
  if (in_a_row_ >= kLeastProof) proven = std::max(proven, part(now - clean_since_, kLongestProof));
  progress_ = static_cast<float>(std::clamp(std::min(proven, part(now - stage_since_, kShortestProof)), 0.0, 1.0));
  if (progress_ >= 1) Close(now);
}

std::uint32_t Breaker::Started(const BreakerPolicy&, TimePoint now) {
  if (state_ == State::kHalfOpen) {
    ++trials_;
    last_trial_ = now;
  }
  return ticket_;
}

void Breaker::Ended(const BreakerPolicy& policy, std::uint32_t ticket, const AttemptResult& result, const Peers& peers, TimePoint now,
                    Random& random) {
  if (ticket != ticket_) return;
  if (state_ == State::kHalfOpen && trials_ > 0) --trials_;
  if (result.outcome == Outcome::kAbandoned) return;
  if (policy.mode == Mode::kEvidence) EndedEvidence(policy, result, peers, now, random);
  if (policy.mode == Mode::kCount) EndedCount(policy, result, now, random);
}

void Breaker::Charge(const BreakerPolicy& policy, const Peers& peers, TimePoint now, Random& random) {
  // Its place among the trials was given back when it ended.
  trials_ += state_ == State::kHalfOpen ? 1 : 0;
  Ended(policy, ticket_, {Outcome::kServerError, {}}, peers, now, random);
}

void Breaker::EndedEvidence(const BreakerPolicy& policy, const AttemptResult& result, const Peers& peers, TimePoint now, Random& random) {
  const bool error = IsFailure(result.outcome);
  if (state_ == State::kHalfOpen) return EndedStage(policy, error || IsSlow(policy, result, peers.latency), peers, now, random);
  if (state_ == State::kOpen) return;
  const bool slow = IsSlow(policy, result, peers.latency);
  // What nearly every result says: all is well, as before. It moves a sum that is zero nowhere.
  if (!error && !slow && state_ == State::kClosed && errors_.sum() <= 0 && slow_.sum() <= 0) return;
  // When everybody fails it is nobody's fault: another backend would do no better.
  if (peers.error > kSharedCause) {
    errors_.Reset();
  } else {
    errors_.AddCusum(error, OnsetOf(peers.error), error ? SeverityOf(result.outcome) : 1);
  }
  if (peers.slow > kSharedCause) {
    slow_.Reset();
  } else {
    slow_.AddCusum(slow, OnsetOf(peers.slow));
  }
  const double sum = std::max(errors_.sum(), slow_.sum());
  const Reason reason = errors_.sum() >= slow_.sum() ? Reason::kErrorRate : Reason::kSlowCalls;
  if (error) healthy_since_ = now;
  in_a_row_ = error || slow ? 0 : in_a_row_ + 1;
  if (error || slow) clean_since_ = now;
  const bool clean = in_a_row_ >= kLeastProof && now - clean_since_ >= kLongestProof;
  if (sum >= SequentialTest::kCertain && peers.may_open) return Open(policy, reason, now, random);
  if (state_ == State::kSoft && clean) {
    ForgetSuspicion();
  } else if (sum >= SequentialTest::kLikely) {
    state_ = State::kSoft;
    reason_ = reason;
  } else if (sum < kSoftEnds && state_ == State::kSoft) {
    state_ = State::kClosed;
    reason_ = Reason::kNone;
  }
}

// The first stages ask "less than half?", the last "as good as the others?".
void Breaker::EndedStage(const BreakerPolicy& policy, bool error, const Peers& peers, TimePoint now, Random& random) {
  const Hypotheses onset = OnsetOf(peers.error);
  const bool last = stage_ == kLastStage;
  errors_.AddSprt(error, last && !following_ ? onset : Hypotheses{std::min(onset.p0, 0.25), 0.5});
  in_a_row_ = error ? 0 : in_a_row_ + 1;
  if (error) clean_since_ = now;
  if (errors_.sum() >= SequentialTest::kLikely) return Open(policy, reason_, now, random);
  if (following_ || errors_.sum() > -SequentialTest::kLikely) return;
  if (!last) return EnterStage(stage_ + 1, now);
  if (now - stage_since_ >= kShortestProof) Close(now);
}

void Breaker::EndedCount(const BreakerPolicy& policy, const AttemptResult& result, TimePoint now, Random& random) {
  const bool failed = IsFailure(result.outcome);
  const bool slow = IsSlow(policy, result, 0);
  if (state_ == State::kHalfOpen) {
    if (failed || (slow && policy.slow_rate < 1)) return Open(policy, failed ? Reason::kErrorRate : Reason::kSlowCalls, now, random);
    if (++in_a_row_ >= policy.success_threshold) Close(now);
    return;
  }
  if (state_ != State::kClosed) return;
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  window_.Add(now, policy.window, failed, slow);
  if (failed && in_a_row_ >= policy.failure_threshold) return Open(policy, Reason::kFailuresInARow, now, random);
  if (!failed && !slow) return;
  const RateWindow::Counts counts = window_.Sum(now, policy.window);
  if (counts.total < policy.minimum_requests) return;
  if (counts.failed >= policy.error_rate * counts.total) return Open(policy, Reason::kErrorRate, now, random);
  if (slow && counts.slow >= policy.slow_rate * counts.total) Open(policy, Reason::kSlowCalls, now, random);
}

}  // namespace switchyard::agent::breaker
