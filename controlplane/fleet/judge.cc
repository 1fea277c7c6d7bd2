// The part of the ledger that judges: baseline, suspicion, verdicts, health.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "controlplane/fleet/ledger.h"
#include "controlplane/fleet/middle.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr std::uint32_t kLeastWitnesses = 2;
constexpr double kWitnessShare = 0.10;
// Never below the capacity that the traffic needs.
constexpr double kFullUse = 0.85;
constexpr Duration kNaturesGap = std::chrono::milliseconds(100);
// Of the attempts, that must be of routes that do not fail everywhere, for the others to be left out of what is usual.
constexpr double kLeastJudged = 1.0 / 3;
constexpr Duration kVoteLasts = std::chrono::seconds(10);

// Ejected, or on a way back that may end where it began.
bool Held(const VerdictMachine& machine) { return machine.stage() == Stage::kEjected || machine.sum_may_fall(); }

bool IsOut(const Backend& backend) {
  const bool slow = backend.slow != nullptr && Held(backend.slow->machine);
  return slow || Held(backend.machine) || backend.word.verdict() == v1::VERDICT_FORCED_OUT ||
         backend.word.health() == v1::HEALTH_UNHEALTHY;
}

v1::Verdict VerdictOf(Stage stage) {
  switch (stage) {
    case Stage::kGood: return v1::VERDICT_GOOD;
    case Stage::kSoft: return v1::VERDICT_SOFT;
    case Stage::kEjected: return v1::VERDICT_EJECTED;
    case Stage::kTrial:
    case Stage::kProof: return v1::VERDICT_RETURNING;
  }
  return v1::VERDICT_GOOD;
}

std::string ReasonOf(const Backend& backend) {
  switch (backend.machine.stage()) {
    case Stage::kGood: return {};
    case Stage::kTrial: return "returning: trials";
    case Stage::kProof: return "returning: proof";
    default: break;
  }
  return fmt::format("error_rate: {:.0f} % of attempts fail, {:.1f} % at its peers, seen by {} agents", 100 * backend.just_now.error(),
                     100 * backend.upstream->usual_error, backend.file.witnesses);
}

}  // namespace

void Ledger::MeasureNatures(Upstream& upstream, TimePoint now) {
  if (now >= upstream.natures_at && now - upstream.natures_at < kNaturesGap) return;
  upstream.natures_at = now;
  upstream.natures.clear();
  std::vector<const RouteViews*> views;
  bool any = false;
  for (const auto& [address, backend] : upstream.backends) {
    if (backend->routes != nullptr) backend->routes->Forget(now);
    if (backend->routes != nullptr && backend->routes->all().empty()) backend->routes.reset();
    any = any || backend->routes != nullptr;
    if (backend->lately.attempts(now) >= 0.5) views.push_back(backend->routes.get());
  }
  if (any) upstream.natures = NaturesOf(views, now);
}

// What is usual among the backends now. The worst of three horizons, because those that see a cause of all late would blame each in turn.
void Ledger::Measure(Upstream& upstream, TimePoint now) {
  MeasureNatures(upstream, now);
  std::vector<double> lately;
  std::vector<double> just_now;
  std::vector<double> step;
  std::vector<double> of_all;
  double attempts = 0;
  double judged = 0;
  for (const auto& [address, backend] : upstream.backends) {
    attempts += backend->lately.attempts(now);
    judged += backend->judged.attempts(now);
    if (backend->lately.attempts(now) >= 0.5) of_all.push_back(backend->lately.error());
    if (backend->judged.attempts(now) >= 0.5) lately.push_back(backend->judged.error());
    if (backend->just_now.attempts(now) >= 0.5) just_now.push_back(backend->just_now.error());
    if (backend->step_attempts > 0) step.push_back(backend->step_failed / backend->step_attempts);
    backend->step_attempts = backend->step_failed = 0;
  }
  upstream.usual_error = std::max({LowerMedian(lately, 0.0), LowerMedian(just_now, 0.0), LowerMedian(step, 0.0)});
  // Where nearly everything fails everywhere, it is what all share.
  if (judged < kLeastJudged * attempts) upstream.usual_error = std::max(upstream.usual_error, LowerMedian(of_all, 0.0));
}

void Ledger::Weigh(TimePoint now) {
  for (const Pending& one : pending_) {
    Cell& cell = one.agent->cells[one.cell];
    if (cell.backend == nullptr || AtFault(*one.agent, now) || !cell.backend->upstream->terms.verdicts) continue;
    Backend& backend = *cell.backend;
    if (one.severity > 0) backend.last_failure = now;
    if (backend.machine.stage() == Stage::kEjected) continue;  // what still ends is of before
    const double nature = NatureOf(*backend.upstream, one.route).error;
    if (nature > EvidenceRule::kSharedCause) continue;
    const stats::Hypotheses h = backend.machine.hypotheses(std::max(backend.upstream->usual_error, nature));
    backend.suspicion.Add(cell.mark, one.agent->number, one.succeeded, one.severity, h, one.route);
  }
  pending_.clear();
}

std::string Ledger::WhyNotEject(const Backend& backend, TimePoint now) const {
  double active = 0;
  double out = 0;
  double capacity = 0;
  double demand = 0;
  std::size_t count = 0;
  bool known = true;
  for (const auto& [address, one] : backend.upstream->backends) {
    if (!one->active) continue;
    ++count;
    active += one->weight.configured;
    demand += one->lately.rate(now);
    const bool is_out = IsOut(*one);
    out += is_out && one.get() != &backend ? one->weight.configured : 0;
    if (one.get() == &backend || is_out) continue;
    known = known && one->weight.capacity > 0;
    capacity += one->weight.capacity;
  }
  if (count < 2) return "the only backend";
  if (known && capacity < demand / kFullUse) {
    return fmt::format("the others can do {:.0f} requests/s, {:.0f} are asked for", capacity, demand);
  }
  if (out <= 0 || out + backend.weight.configured <= backend.upstream->terms.most_ejected * active) return {};
  return fmt::format("{:.0f} % of the weight is out already, at most {:.0f} % may be", 100 * out / active,
                     100 * backend.upstream->terms.most_ejected);
}

std::uint32_t Ledger::NeededOf(const Backend& backend, TimePoint now) {
  return std::max(kLeastWitnesses, static_cast<std::uint32_t>(std::ceil(kWitnessShare * UsersOf(backend, now))));
}

// Of one backend's fair share, per second.
double Ledger::RequestsOf(const Upstream& upstream, TimePoint now) {
  double all = 0;
  for (const auto& [address, one] : upstream.backends) all += one->lately.rate(now);
  return all / static_cast<double>(std::max<std::size_t>(upstream.backends.size(), 1));
}

void Ledger::MakeFile(Backend& backend, TimePoint now) const {
  CaseFile& file = backend.file;
  file.against = backend.suspicion.robust();
  file.witnesses = backend.suspicion.witnesses();
  file.needed = NeededOf(backend, now);
  file.peers_error = backend.upstream->usual_error;
  file.requests = RequestsOf(*backend.upstream, now);
  const bool well = backend.was_unhealthy && backend.word.health() == v1::HEALTH_HEALTHY;
  if (well && !file.probes_found_well) backend.well_since = now;
  file.clean_for = now - backend.last_failure;
  file.probes_find_ill = backend.word.health() == v1::HEALTH_UNHEALTHY;
  file.probes_found_well = well;
  file.well_for = well ? now - backend.well_since : Duration{};
  backend.guard.clear();
  if (file.against >= stats::SequentialTest::kCertain) backend.guard = WhyNotEject(backend, now);
  file.may_eject = backend.guard.empty();
}

void Ledger::StepErrors(Backend& backend, TimePoint now) {
  MakeFile(backend, now);
  const Stage before = backend.machine.stage();
  const Finding finding = backend.upstream->terms.verdicts ? rule_.Judge(backend.file) : Finding::kSharedCause;
  const std::uint32_t ejected = backend.machine.ejections();
  const bool anew = backend.machine.Step(backend.file, finding, now, random_);
  if (backend.machine.stage() != before) backend.reason = ReasonOf(backend);
  counters_.ejections += backend.machine.ejections() - ejected;
  // Anew: what probes found before says nothing against what was seen since.
  if (before != Stage::kEjected && backend.machine.stage() == Stage::kEjected) backend.was_unhealthy = false;
  if (anew) backend.suspicion.Reset(backend.machine.sum_may_fall());
}

bool Ledger::JudgeUpstream(Upstream& upstream, TimePoint now, WallTime wall) {
  bool changed = false;
  upstream.watched = false;
  for (auto& [address, backend] : upstream.backends) {
    const bool plain = backend->machine.stage() == Stage::kGood && backend->suspicion.sum() <= 0 && backend->machine.backoff() == 0;
    if (backend->override && wall >= backend->override->until) backend->override.reset();
    if (backend->machine.stage() == Stage::kEjected && backend->word.health() == v1::HEALTH_UNHEALTHY) backend->was_unhealthy = true;
    if (!plain) StepErrors(*backend, now);
    StepSlow(*backend, now);
    const bool paced = backend->slow == nullptr || backend->slow->plain();
    upstream.watched = upstream.watched || !plain || !paced || backend->override || !backend->votes.empty();
    const bool counted = CountVotes(*backend, now);
    const bool refreshed = RefreshWord(*backend, wall);
    if (counted || refreshed) {
      Told(*backend, backend->word_epoch);
      changed = true;
    }
  }
  return changed;
}

bool Ledger::Judge(TimePoint now, WallTime wall) {
  for (const Pending& one : pending_) {
    Backend* backend = one.agent->cells[one.cell].backend;
    if (backend == nullptr || AtFault(*one.agent, now) || NatureOf(*backend->upstream, one.route).error > 0) continue;
    backend->step_attempts += one.succeeded + one.failed;
    backend->step_failed += one.failed;
  }
  for (auto& [name, upstream] : upstreams_) {
    if (upstream->touched || upstream->watched) Measure(*upstream, now);
  }
  Weigh(now);
  bool changed = false;
  for (auto& [name, upstream] : upstreams_) {
    if (!upstream->touched && !upstream->watched) continue;
    upstream->touched = false;
    changed = JudgeUpstream(*upstream, now, wall) || changed;
  }
  return changed;
}

// More than half of those who probe it lately.
bool Ledger::CountVotes(Backend& backend, TimePoint now) {
  std::erase_if(backend.votes, [&](const Vote& vote) { return now - vote.at > kVoteLasts; });
  std::size_t bad = 0;
  std::size_t good = 0;
  for (const Vote& vote : backend.votes) {
    bad += vote.health == v1::HEALTH_UNHEALTHY ? 1 : 0;
    good += vote.health == v1::HEALTH_HEALTHY ? 1 : 0;
  }
  v1::Health health = v1::HEALTH_UNSPECIFIED;
  if (backend.upstream->terms.probed_by > 0 && bad + good > 0) health = bad > good ? v1::HEALTH_UNHEALTHY : v1::HEALTH_HEALTHY;
  if (health == backend.word.health()) return false;
  backend.word.set_health(health);
  return true;
}

bool RefreshWord(Backend& backend, WallTime) {
  v1::BackendWord word;
  word.set_health(backend.word.health());
  word.set_weight(static_cast<std::uint32_t>(std::clamp(backend.weight.told * 1000, 1.0, 10'000.0)));
  const bool slow = HeldAsSlow(backend);
  const VerdictMachine& machine = slow ? backend.slow->machine : backend.machine;
  word.set_verdict(VerdictOf(machine.stage()));
  word.set_share(static_cast<std::uint32_t>(std::clamp(machine.share() * 1000, 1.0, 1000.0)));
  word.set_reason(slow ? backend.slow->reason : backend.reason);
  if (backend.override) {
    word.set_verdict(backend.override->override == v1::OVERRIDE_OUT ? v1::VERDICT_FORCED_OUT : v1::VERDICT_FORCED_IN);
    word.set_share(1000);
    word.set_reason("operator" + (backend.override->reason.empty() ? "" : ": " + backend.override->reason));
  }
  const v1::BackendWord& told = backend.word;
  const bool same = word.weight() == told.weight() && word.verdict() == told.verdict() && word.share() == told.share() && word.reason() == told.reason();
  if (same) return false;
  backend.word = word;
  return true;
}

}  // namespace switchyard::controlplane::fleet
