#include "controlplane/fleet/verdict_rule.h"

#include <algorithm>

namespace switchyard::controlplane::fleet {
namespace {

using stats::SequentialTest;

constexpr Duration kSoftAfter = std::chrono::milliseconds(500);
constexpr double kSoftEnds = SequentialTest::kLikely / 2;
constexpr Duration kFirst = std::chrono::seconds(1);
constexpr Duration kBase = std::chrono::seconds(5);
constexpr int kPartsOfIllness = 8;
constexpr std::uint32_t kFewEjections = 2;
constexpr Duration kLongest = std::chrono::minutes(5);
constexpr std::uint32_t kMostDoublings = 6;
constexpr Duration kForgiveAfter = std::chrono::seconds(30);
constexpr Duration kMistrial = std::chrono::seconds(3);
// A proof without failures need not wait for 54 requests where traffic is thin.
constexpr Duration kLongestProof = std::chrono::seconds(3);
// Where it is dense, the share does not jump.
constexpr Duration kShortestProof = std::chrono::seconds(1);
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
  // A return that failed is the same illness.
  if (stage_ != Stage::kProof) ill_since_ = now;
  backoff_ = std::min(backoff_ + 1, kMostDoublings + 1);
  ++ejections_;
  Hold(now, random);
}

void VerdictMachine::Hold(TimePoint now, Random& random) {
  const double jitter = 0.9 + 0.2 * random.Unit();
  const Duration least = backoff_ <= 1 ? kFirst : kBase * (1 << (backoff_ - 2));
  const Duration time = std::min<Duration>(std::max<Duration>(least, (now - ill_since_) / kPartsOfIllness), kLongest);
  until_ = now + Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * jitter));
  Enter(Stage::kEjected, 0, now);
}

bool VerdictMachine::ProbesSuffice(const CaseFile& file) const {
  if (!file.probes_found_well || backoff_ <= kFewEjections) return file.probes_found_well;
  return file.well_for >= kBase * (1 << (backoff_ - kFewEjections - 1)) / 2;
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
      by_probes_ = ProbesSuffice(file);
      if (by_probes_) {
        Enter(Stage::kProof, kSoftShare, now);
        return true;
      }
      // Nobody would ask it.
      if (now < until_ || file.probes_find_ill) return false;
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
  if (stage_ == Stage::kSoft && finding != Finding::kCertain && file.clean_for >= kLongestProof) {
    Enter(Stage::kGood, 1, now);
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
    by_probes_ ? Eject(now, random) : Hold(now, random);
    return true;
  }
  const Duration in_stage = now - since_;
  if (stage_ == Stage::kTrial) {
    if (file.against > -SequentialTest::kLikely) return false;
    Enter(Stage::kProof, kSoftShare, now);
    return true;
  }
  const bool quiet = file.witnesses == 0 && in_stage >= kLongestProof;
  const bool proven = file.against <= -SequentialTest::kLikely && in_stage >= kShortestProof;
  if (proven || quiet) {
    Enter(Stage::kGood, 1, now);
    return true;
  }
  const bool half_way = 2 * file.against <= -SequentialTest::kLikely || (file.witnesses == 0 && 2 * in_stage >= kLongestProof);
  if (half_way && 2 * in_stage >= kShortestProof) share_ = 2 * kSoftShare;
  return false;
}

}  // namespace switchyard::controlplane::fleet
