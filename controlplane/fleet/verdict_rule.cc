#include "controlplane/fleet/verdict_rule.h"

#include <algorithm>

namespace switchyard::controlplane::fleet {
namespace {

using stats::SequentialTest;

constexpr Duration kSoftAfter = std::chrono::milliseconds(500);
constexpr double kSoftEnds = SequentialTest::kLikely / 2;
constexpr Duration kBase = std::chrono::seconds(5);
constexpr Duration kLongest = std::chrono::minutes(5);
constexpr std::uint32_t kMostDoublings = 6;
constexpr Duration kForgiveAfter = std::chrono::seconds(30);
constexpr Duration kMistrial = std::chrono::seconds(3);
// A proof without failures need not wait for 54 requests where traffic is thin.
constexpr Duration kLongestProof = std::chrono::seconds(10);
// Trials: about so many requests a second from the whole fleet.
constexpr double kTrialsPerSecond = 10;
constexpr double kLeastShare = 0.01;

}  // namespace

Finding EvidenceRule::Judge(const CaseFile& file) const {
  if (file.peers_error > kSharedCause) return Finding::kSharedCause;
  if (file.witnesses < file.needed) return Finding::kNothing;
  if (file.against >= SequentialTest::kCertain) return Finding::kCertain;
  return file.against >= SequentialTest::kLikely ? Finding::kLikely : Finding::kNothing;
}

stats::Hypotheses VerdictMachine::hypotheses(double peers_error) const {
  const stats::Hypotheses onset = stats::OnsetOf(peers_error);
  return stage_ == Stage::kTrial ? stats::Hypotheses{std::min(onset.p0, 0.25), 0.5} : onset;
}

void VerdictMachine::Enter(Stage stage, double share, TimePoint now) {
  if (stage != stage_) since_ = now;
  stage_ = stage;
  share_ = share;
  guarded_ = false;
}

void VerdictMachine::Eject(TimePoint now, Random& random) {
  const double jitter = 0.9 + 0.2 * random.Unit();
  const Duration time = std::min<Duration>(kBase * (1 << std::min(backoff_, kMostDoublings)), kLongest);
  until_ = now + Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * jitter));
  backoff_ = std::min(backoff_ + 1, kMostDoublings);
  ++ejections_;
  Enter(Stage::kEjected, 0, now);
}

bool VerdictMachine::Step(const CaseFile& file, Finding finding, TimePoint now, Random& random) {
  if (finding == Finding::kSharedCause) {
    const bool mistrial = stage_ == Stage::kEjected && now - since_ <= kMistrial;
    if (mistrial && backoff_ > 0) --backoff_;
    if (mistrial || stage_ == Stage::kSoft) Enter(Stage::kGood, 1, now);
    if (stage_ != Stage::kEjected) return true;
  }
  switch (stage_) {
    case Stage::kGood:
    case Stage::kSoft:
      return StepGood(file, finding, now, random);
    case Stage::kEjected:
      if (now < until_ && !file.probes_found_well) return false;
      Enter(Stage::kTrial, std::clamp(kTrialsPerSecond / std::max(file.requests, 1e-9), kLeastShare, VerdictMachine::kSoftShare), now);
      return true;
    case Stage::kTrial:
    case Stage::kProof:
      return StepBack(file, now, random);
  }
  return false;
}

bool VerdictMachine::StepGood(const CaseFile& file, Finding finding, TimePoint now, Random& random) {
  if (finding == Finding::kCertain && file.may_eject) {
    Eject(now, random);
    return true;
  }
  if (finding == Finding::kLikely || finding == Finding::kCertain) {
    Enter(Stage::kSoft, share_, now);
    guarded_ = finding == Finding::kCertain;
    if (guarded_ || now - since_ >= kSoftAfter) share_ = kSoftShare;
  } else if (stage_ == Stage::kSoft && file.against < kSoftEnds) {
    Enter(Stage::kGood, 1, now);
  }
  if (stage_ != Stage::kGood) forgiven_ = now;
  if (backoff_ > 0 && now - std::max(forgiven_, since_) >= kForgiveAfter) {
    --backoff_;
    forgiven_ = now;
  }
  return false;
}

bool VerdictMachine::StepBack(const CaseFile& file, TimePoint now, Random& random) {
  if (file.against >= SequentialTest::kLikely) {
    Eject(now, random);
    return true;
  }
  const bool quiet = stage_ == Stage::kProof && file.witnesses == 0 && now - since_ >= kLongestProof;
  if (file.against > -SequentialTest::kLikely && !quiet) return false;
  if (stage_ == Stage::kTrial) {
    Enter(Stage::kProof, kSoftShare, now);
  } else {
    Enter(Stage::kGood, 1, now);
  }
  return true;
}

}  // namespace switchyard::controlplane::fleet
