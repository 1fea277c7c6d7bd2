// The part of the ledger that judges slowness; slowness.h says how.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

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

// The answers of one report, by how long they took.
class Answers {
 public:
  // False: malformed.
  bool Take(const v1::Histogram& histogram) {
    return ForEachBucket(histogram, [this](int bucket, double count) { counts_.at(static_cast<std::size_t>(bucket)) += count; });
  }
  // Those in this bucket, and from this bucket on.
  double At(int bucket) const { return counts_.at(static_cast<std::size_t>(bucket)); }
  double Sum(int from) const { return std::accumulate(counts_.begin() + std::min(from, LatencyShape::kBuckets), counts_.end(), 0.0); }
  // A part is no more than the whole.
  void CutTo(const Answers& whole) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] = std::min(counts_[i], whole.counts_[i]);
  }
  void Remove(const Answers& part) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] -= part.counts_[i];
  }

 private:
  std::array<double, LatencyShape::kBuckets> counts_{};
};

std::string Milliseconds(double microseconds) { return fmt::format("{:.{}f} ms", microseconds / 1000, microseconds < 100'000 ? 1 : 0); }

}  // namespace

void Ledger::TakeLatency(const Agent& agent, Backend& backend, const v1::BackendReport& report, TimePoint now) {
  if (!backend.upstream->terms.slow_verdicts || report.latency().counts().empty()) return;
  Answers all;
  if (!all.Take(report.latency())) {
    ++counters_.malformed;
    return;
  }
  if (backend.slow == nullptr) backend.slow = std::make_unique<Slowness>();
  Slowness& slow = *backend.slow;
  const auto users = static_cast<double>(backend.users.size());
  const double cap = std::max(kLeastOfAReport, kMostOfAReport * backend.lately.rate(now) / std::max(users, 1.0));
  const double part = users < 2 ? 1 : std::min(1.0, cap / std::max(all.Sum(0), 1.0));
  backend.upstream->paced = true;
  // What still ends after an ejection began before it.
  const bool weighs = slow.limit != LatencyShape::kUnknown && !AtFault(agent, now) && slow.machine.stage() != Stage::kEjected;
  const auto row = [&](std::uint64_t route, const Answers& own) {
    if (weighs) TakeSlowRow({agent.number, &backend, route, part * own.Sum(0), part * own.Sum(slow.limit + 1)}, now);
  };
  // What is left is of no route in particular; what is slow everywhere has no part in the pace.
  Answers left = all;
  for (int i = 0; i < std::min(report.routes_size(), kMostRoutesTold); ++i) {
    const v1::RouteLatency& told = report.routes(i);
    Answers own;
    if (told.route() == 0 || !own.Take(told.latency())) {
      ++counters_.malformed;
      continue;
    }
    own.CutTo(left);
    left.Remove(own);
    if (NatureOf(*backend.upstream, told.route()).slow > 0) all.Remove(own);
    row(told.route(), own);
  }
  row(0, left);
  for (int i = 0; i < LatencyShape::kBuckets; ++i) {
    if (const double count = all.At(i); count > 0) slow.shape.Add(i, part * count);
  }
}

void Ledger::TakeSlowRow(const SlowRow& row, TimePoint now) {
  if (row.answers <= 0) return;
  Backend& backend = *row.backend;
  if (row.route != 0) {
    if (backend.routes == nullptr) backend.routes = std::make_unique<RouteViews>();
    backend.routes->Of(row.route, now).slow.Add(row.answers, row.slow, now);
    if (NatureOf(*backend.upstream, row.route).slow > 0) return;
  }
  if (slow_rows_.size() >= kMaxSlowRows) {
    ++counters_.dropped;
    return;
  }
  slow_rows_.push_back(row);
  backend.slow->step_answers += row.answers;
  backend.slow->step_slow += row.slow;
}

// Agents that see slowness at half of their backends where others do not: what they say says nothing of the backends.
void Ledger::DropSlowAgents() {
  std::sort(slow_rows_.begin(), slow_rows_.end(), [](const SlowRow& a, const SlowRow& b) {
    return a.agent != b.agent ? a.agent < b.agent : std::less<>()(a.backend, b.backend);
  });
  std::map<std::uint32_t, Views> views;
  for (auto row = slow_rows_.begin(); row != slow_rows_.end();) {
    SlowRow sum{row->agent, row->backend};
    for (; row != slow_rows_.end() && row->agent == sum.agent && row->backend == sum.backend; ++row) {
      sum.answers += row->answers;
      sum.slow += row->slow;
    }
    if (sum.answers < kLeastOfRow) continue;
    const Slowness& slow = *sum.backend->slow;
    const double others = slow.step_answers - sum.answers;
    const double own = sum.slow / sum.answers;
    const double theirs = others < 0.5 ? own : (slow.step_slow - sum.slow) / others;
    Views& view = views[sum.agent];
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
  for (const SlowRow& row : rows) slow.suspicion.Add(slow.marks[row.agent], row.agent, part * (row.answers - row.slow), part * row.slow, h, row.route);
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
