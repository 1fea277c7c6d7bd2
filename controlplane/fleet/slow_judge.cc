// The part of the ledger that judges slowness; slowness.h says how.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "controlplane/fleet/ledger.h"
#include "controlplane/fleet/middle.h"

namespace switchyard::controlplane::fleet {
namespace {

// No agent's answers in a report weigh more than so many times those of the mean agent; so few are never cut.
constexpr double kMostOfAReport = 4;
constexpr double kLeastOfAReport = 64;
// An agent whose answers are slow at half of its backends, and two, so much more often than those of others there: its own path or host is slow.
constexpr double kOddlySlow = 0.3;
constexpr double kLeastOfRow = 3;

struct Views {
  std::size_t odd = 0;
  std::size_t used = 0;
};

std::string Milliseconds(double microseconds) { return fmt::format("{:.{}f} ms", microseconds / 1000, microseconds < 100'000 ? 1 : 0); }

}  // namespace

void Ledger::TakeLatency(const Agent& agent, Backend& backend, const v1::Histogram& histogram, TimePoint now) {
  if (!backend.upstream->terms.slow_verdicts || histogram.counts().empty()) return;
  if (backend.slow == nullptr) backend.slow = std::make_unique<Slowness>();
  Slowness& slow = *backend.slow;
  double all = 0;
  double beyond = 0;
  if (!ForEachBucket(histogram, [&](int bucket, double count) {
        all += count;
        beyond += bucket > slow.limit ? count : 0;
      })) {
    ++counters_.malformed;
    return;
  }
  if (all <= 0) return;
  const auto users = static_cast<double>(backend.users.size());
  const double part = users < 2 ? 1 : std::min(1.0, std::max(kLeastOfAReport, kMostOfAReport * backend.lately.rate(now) / users) / all);
  ForEachBucket(histogram, [&](int bucket, double count) { slow.shape.Add(bucket, part * count); });
  backend.upstream->paced = true;
  if (slow.limit == LatencyShape::kUnknown || AtFault(agent, now)) return;
  // What still ends after an ejection began before it.
  if (slow.machine.stage() == Stage::kEjected) return;
  if (slow_rows_.size() >= kMaxSlowRows) {
    ++counters_.dropped;
    return;
  }
  slow_rows_.push_back({agent.number, &backend, part * all, part * beyond});
  slow.step_answers += part * all;
  slow.step_slow += part * beyond;
}

// Agents that see slowness at half of their backends where others do not: what they say says nothing of the backends.
void Ledger::DropSlowAgents() {
  std::map<std::uint32_t, Views> views;
  for (const SlowRow& row : slow_rows_) {
    if (row.answers < kLeastOfRow) continue;
    const Slowness& slow = *row.backend->slow;
    const double others = slow.step_answers - row.answers;
    const double own = row.slow / row.answers;
    const double theirs = others < 0.5 ? own : (slow.step_slow - row.slow) / others;
    Views& view = views[row.agent];
    ++view.used;
    view.odd += own - theirs > kOddlySlow ? 1 : 0;
  }
  std::erase_if(slow_rows_, [&](const SlowRow& row) {
    const Views& view = views[row.agent];
    const bool odd = view.odd >= 2 && 2 * view.odd >= view.used;
    if (odd) {
      row.backend->slow->step_answers -= row.answers;
      row.backend->slow->step_slow -= row.slow;
    }
    return odd;
  });
}

void Ledger::WeighSlow(std::span<const SlowRow> rows) {
  Slowness& slow = *rows.front().backend->slow;
  const stats::Hypotheses h = SlowHypotheses(rows.front().backend->upstream->usual_slow);
  double all = 0;
  for (const SlowRow& row : rows) all += row.slow * std::log(h.p1 / h.p0) + (row.answers - row.slow) * std::log((1 - h.p1) / (1 - h.p0));
  const double part = std::abs(all) <= kMostPerSecond ? 1 : kMostPerSecond / std::abs(all);
  for (const SlowRow& row : rows) slow.suspicion.Add(slow.marks[row.agent], row.agent, part * (row.answers - row.slow), part * row.slow, h);
  // At zero all that was said is forgotten, and so is who said it.
  if (slow.suspicion.contributions().empty()) slow.marks.clear();
}

void Ledger::MeasurePace(Upstream& upstream, TimePoint now) {
  std::vector<double> step;
  std::vector<double> lately;
  std::map<std::uint32_t, std::vector<int>> tiers;
  std::map<std::pair<std::uint32_t, std::string_view>, std::vector<int>> zones;
  for (const auto& [address, backend] : upstream.backends) {
    if (backend->slow == nullptr) continue;
    Slowness& slow = *backend->slow;
    if (slow.step_answers >= 0.5) step.push_back(slow.step_slow / slow.step_answers);
    slow.lately.Add(slow.step_answers, slow.step_slow, now);
    if (slow.lately.attempts(now) >= 0.5) lately.push_back(slow.lately.error());
    slow.step_answers = slow.step_slow = 0;
    const int pace = slow.shape.Quantile(kNineInTen, kLeastAnswers);
    if (pace != LatencyShape::kUnknown) {
      tiers[backend->priority].push_back(pace);
      zones[{backend->priority, backend->zone}].push_back(pace);
    }
    slow.shape.Fade();
  }
  upstream.usual_slow = std::max(LowerMedian(step, 0.0), LowerMedian(lately, 0.0));
  std::map<std::uint32_t, int> of_tier;
  for (auto& [priority, paces] : tiers) of_tier[priority] = LowerMedian(paces, LatencyShape::kUnknown);
  std::map<std::pair<std::uint32_t, std::string_view>, int> of_zone;
  for (auto& [key, paces] : zones) of_zone[key] = LowerMedian(paces, LatencyShape::kUnknown);
  static const int kFactor = static_cast<int>(std::lround(std::log2(kSlowFactor) * LatencyShape::kPerOctave));
  static const int kFloor = LatencyShape::BucketOf(kLeastSlow);
  upstream.paced = false;
  for (const auto& [address, backend] : upstream.backends) {
    if (backend->slow == nullptr) continue;
    const auto tier = of_tier.find(backend->priority);
    const auto zone = of_zone.find({backend->priority, backend->zone});
    const int usual = std::max(tier == of_tier.end() ? LatencyShape::kUnknown : tier->second,
                               zone == of_zone.end() ? LatencyShape::kUnknown : zone->second);
    backend->slow->limit = usual == LatencyShape::kUnknown ? usual : std::max(usual + kFactor, kFloor);
    upstream.paced = upstream.paced || backend->slow->shape.answers() > 0 || !backend->slow->plain();
  }
}

void Ledger::JudgeSlowness(TimePoint now) {
  DropSlowAgents();
  for (auto& [name, upstream] : upstreams_) {
    if (!upstream->paced) continue;
    MeasurePace(*upstream, now);
    upstream->touched = true;
  }
  std::sort(slow_rows_.begin(), slow_rows_.end(), [](const SlowRow& a, const SlowRow& b) {
    return a.backend != b.backend ? std::less<>()(a.backend, b.backend) : a.agent < b.agent;
  });
  for (auto row = slow_rows_.begin(); row != slow_rows_.end();) {
    const auto end = std::find_if(row, slow_rows_.end(), [&](const SlowRow& other) { return other.backend != row->backend; });
    WeighSlow({row, end});
    row = end;
  }
  slow_rows_.clear();
}

void Ledger::StepSlow(Backend& backend, TimePoint now) {
  if (backend.slow == nullptr || backend.slow->plain()) return;
  Slowness& slow = *backend.slow;
  CaseFile& file = slow.file;
  file.against = slow.suspicion.robust();
  file.witnesses = slow.suspicion.witnesses();
  file.needed = NeededOf(backend, now);
  file.peers_error = backend.upstream->usual_slow;
  file.requests = RequestsOf(*backend.upstream, now);
  slow.guard.clear();
  if (file.against >= stats::SequentialTest::kCertain) slow.guard = WhyNotEject(backend, now);
  file.may_eject = slow.guard.empty();
  const Stage before = slow.machine.stage();
  const std::uint32_t ejected = slow.machine.ejections();
  const Finding finding = backend.upstream->terms.slow_verdicts ? rule_.Judge(file) : Finding::kSharedCause;
  const bool anew = slow.machine.Step(file, finding, now, random_);
  counters_.slow_ejections += slow.machine.ejections() - ejected;
  if (slow.machine.stage() != before) slow.reason = SlowReasonOf(backend);
  if (!anew) return;
  slow.suspicion.Reset(slow.machine.sum_may_fall());
  slow.marks.clear();
}

std::string SlowReasonOf(const Backend& backend) {
  const Slowness& slow = *backend.slow;
  switch (slow.machine.stage()) {
    case Stage::kGood: return {};
    case Stage::kTrial: return "returning from slow: trials";
    case Stage::kProof: return "returning from slow: proof";
    default: break;
  }
  return fmt::format("slow: {:.0f} % of answers take longer than {}, {:.0f} times what its peers take for nine in ten; {:.1f} % at its peers, "
                     "seen by {} agents",
                     100 * slow.lately.error(), Milliseconds(LatencyShape::EndOf(slow.limit)), kSlowFactor, 100 * backend.upstream->usual_slow,
                     slow.file.witnesses);
}

}  // namespace switchyard::controlplane::fleet
