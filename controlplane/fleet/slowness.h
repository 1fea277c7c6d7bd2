// Slowness: whether a backend is slower than its peers beyond doubt: what is known of one backend, and the rules that are the same for all.
//
// An answer is slow when it takes longer than four times what the middle one of the peers takes to give nine in ten, and than 5 ms. Peers are the backends of
// its priority; where those of its zone (two at least) are slower than that, they are. Each answer so is one or the other, and the question is the one that
// is asked of errors: is the share of slow ones the usual one, or that of a sick backend? Suspicion (suspicion.h) adds up the evidence, VerdictMachine
// (verdict_rule.h) follows.
//
// What is different: answers come in crowds (one pause of a backend makes all that are under way slow), so no second weighs more than a third of what a
// verdict takes. An ejection takes three seconds at least; a pause of one is none.
// One slow endpoint is no slow backend: what the other routes see must speak against it, too (suspicion.h), and a route that is slow at the middle
// backend is so by nature (route_views.h): its answers are left out, of what is usual as well.
// Everywhere slow is nobody's fault: the limit is that of before, so a cause of all makes most answers of most backends slow, and above 30 % at the middle one
// nobody is judged; after ten seconds or so the new pace is the usual one.
//
// Pure. Thread-safety: one owner. Bounds: kMaxSlowRows rows of agents between two steps (ledger.h); a kilobyte per backend with answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "controlplane/fleet/fading.h"
#include "controlplane/fleet/latency_shape.h"
#include "controlplane/fleet/suspicion.h"
#include "controlplane/fleet/verdict_rule.h"

namespace switchyard::controlplane::fleet {

inline constexpr double kSlowFactor = 4;
inline constexpr double kNineInTen = 0.9;
inline constexpr double kLeastSlow = 5'000;  // microseconds
// Answers that a backend must have given lately for its pace to be known.
inline constexpr double kLeastAnswers = 20;
// Of a verdict, that one second can bring.
inline constexpr double kMostPerSecond = stats::SequentialTest::kCertain / 3;

// Shares of slow answers: usual, and of a backend that is called slow. Ten times slower than its peers a backend gives 40 % (exponential service) to
// all (constant) of its answers beyond the limit.
inline stats::Hypotheses SlowHypotheses(double usual) {
  const double p0 = std::clamp(2 * usual, 0.10, 0.40);
  return {p0, p0 + 0.35};
}

struct Slowness {
  LatencyShape shape;
  // In buckets of the shape: beyond it an answer is slow. kUnknown: too little is known of the peers.
  int limit = LatencyShape::kUnknown;
  double step_answers = 0;  // since the last step, where the limit was known
  double step_slow = 0;
  FadingCounts<3000> lately;  // attempts: answers, failed: slow ones

  Suspicion suspicion;
  std::map<std::uint32_t, Suspicion::Mark> marks;  // by agent, since the onset
  VerdictMachine machine;
  CaseFile file;
  std::string guard;
  std::string reason;

  bool plain() const { return machine.stage() == Stage::kGood && suspicion.sum() <= 0 && machine.backoff() == 0; }
};

// What one agent said of one backend in one report.
struct SlowRow {
  std::uint32_t agent = 0;
  struct Backend* backend = nullptr;
  std::uint64_t route = 0;  // 0: of none in particular
  double answers = 0;
  double slow = 0;
};

}  // namespace switchyard::controlplane::fleet
