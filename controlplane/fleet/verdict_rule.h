// VerdictRule: what the evidence against a backend amounts to. VerdictMachine: what follows, with patience: ejection, trials, the way back.
//
// Sensor -> rule -> controller. The sensor is Suspicion and what stands around it in the ledger (CaseFile); the rule is a pure function of it; the
// machine holds the state and moves it on.
//
//   GOOD --likely--> SOFT (share 0.25 after 0.5 s), until the evidence is half of that or 3 s pass without a failure
//   SOFT --certain, and the guard agrees--> EJECTED 1 s; where that is not the first time of late 5 s, doubled each time, at most 300 s; +-10 %
//   EJECTED --time, and no probes find it ill--> RETURNING: trials at a small share until the error share is shown to be nearer to p0 than to one
//   half (7 straight successes), then the proof, at 0.25 and, half-way, 0.5 of its share, until it is nearer to p0 than to p1 (54), or 3 s passed
//   without a failure; 1 s at least --> GOOD
//   EJECTED --probes find it well again--> RETURNING, proof
//   RETURNING --likely--> EJECTED for an eighth of its illness, but no less than the first time of it took: it is still the same one. Only a proof
//   that probes had brought about counts as one more. The count falls by one per 30 s of being GOOD.
//
// What is sick takes as many requests to become certain with all of its share as with a quarter, but four times as long with the quarter; so SOFT takes none
// away at first. What is still only likely then is kept away from.
// That closing takes more evidence than opening is the hysteresis: a backend that fails half of its requests does not come back by luck. That who comes back
// and falls again is held for longer each time is the other: trials of a steady illness cost a few requests, a return that does not hold costs many. Probes
// end the first two ejections at once; later ones when they have found it well for half of 5 s, doubled each time.
// Shared cause: where the middle of the peers fails more than 30 % nobody is at fault; those ejected for errors in the last 3 s come back at once.
//
// Pure: time and randomness are passed in. Thread-safety: one owner. Cost: O(1). Source of the constants: common/stats/sequential_test.h and the
// simulations of tests/sim (control laws and verdicts).
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/stats/sequential_test.h"

namespace switchyard::controlplane::fleet {

// What there is for and against one backend now.
struct CaseFile {
  double against = 0;            // robust sum
  std::uint32_t witnesses = 0;   // agents with failures, not at fault themselves
  std::uint32_t needed = 2;      // so many must there be
  double peers_error = 0;        // median, of the worst of three horizons
  double requests = 0;           // per second, from all agents, fair share
  bool may_eject = true;         // the guard
  Duration clean_for{};          // since the last failure of somebody who is not at fault himself; only in SOFT
  bool probes_find_ill = false;
  bool probes_found_well = false;  // since it was ejected: unhealthy before, healthy now
  Duration well_for{};             // by probes, since then
};

enum class Finding : std::uint8_t { kNothing, kLikely, kCertain, kSharedCause };

class VerdictRule {
 public:
  virtual ~VerdictRule() = default;
  virtual Finding Judge(const CaseFile& file) const = 0;
};

// The rule that the controller uses.
class EvidenceRule final : public VerdictRule {
 public:
  static constexpr double kSharedCause = 0.30;
  Finding Judge(const CaseFile& file) const override;
};

enum class Stage : std::uint8_t { kGood, kSoft, kEjected, kTrial, kProof };

class VerdictMachine {
 public:
  static constexpr double kSoftShare = 0.25;

  // Moves on. True: the sum must start anew (`sum_may_fall` says how).
  bool Step(const CaseFile& file, Finding finding, TimePoint now, Random& random);
  bool sum_may_fall() const { return stage_ == Stage::kTrial || stage_ == Stage::kProof; }
  // The hypotheses that evidence is to be weighed with in this stage.
  stats::Hypotheses hypotheses(double peers_error) const;

  Stage stage() const { return stage_; }
  // Of the backend's weight.
  double share() const { return share_; }
  bool guarded() const { return guarded_; }
  std::uint32_t ejections() const { return ejections_; }
  std::uint32_t backoff() const { return backoff_; }
  TimePoint since() const { return since_; }
  TimePoint until() const { return until_; }

 private:
  void Enter(Stage stage, double share, TimePoint now);
  void Eject(TimePoint now, Random& random);
  void Hold(TimePoint now, Random& random);
  bool ProbesSuffice(const CaseFile& file) const;
  bool StepGood(const CaseFile& file, Finding finding, TimePoint now, Random& random);
  bool StepBack(const CaseFile& file, TimePoint now, Random& random);

  Stage stage_ = Stage::kGood;
  double share_ = 1;
  bool guarded_ = false;
  std::uint32_t ejections_ = 0;
  std::uint32_t backoff_ = 0;
  TimePoint since_{};
  TimePoint until_{};
  TimePoint forgiven_{};
  TimePoint ill_since_{};  // ejected, and not proven good since
  bool by_probes_ = false;  // the proof, and not by trials
};

}  // namespace switchyard::controlplane::fleet
