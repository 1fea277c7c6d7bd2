#include "agent/health/prober.h"

#include <algorithm>
#include <utility>

namespace switchyard::agent::health {
namespace {
constexpr int kGapsOfIllness = 16;
}  // namespace

struct Prober::Target {
  BackendKey key;
  ProbeTarget terms;
  std::shared_ptr<BackendHealth> health;
  Verdict verdict;
  std::string reason;
  bool waiting = false;
  Duration unhealthy_for{};  // as far as gaps make it up
  // At most one of these two is set.
  std::unique_ptr<Probe> probe;
  std::unique_ptr<Loop::Timer> timer;
};

Prober::Prober(Loop& loop, ProbeRunner& runner, HealthTable& table, ProberOptions options)
    : loop_(loop), runner_(runner), table_(table), options_(options), random_(options.seed) {}

Prober::~Prober() { Stop(); }

void Prober::Update(const v1::Snapshot& snapshot) {
  std::map<BackendKey, ProbeTarget> wanted = ProbeTargetsOf(snapshot);
  if (mine_) std::erase_if(wanted, [&](const auto& target) { return !mine_(target.first); });
  for (auto it = targets_.begin(); it != targets_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    Drop(*it->second);
    it = targets_.erase(it);
  }
  for (const auto& [key, terms] : wanted) Place(key, terms);
  StartWaiting();
}

void Prober::Place(const BackendKey& key, const ProbeTarget& terms) {
  std::unique_ptr<Target>& slot = targets_[key];
  if (slot != nullptr && slot->terms == terms) return;
  if (slot == nullptr) {
    slot = std::make_unique<Target>();
    slot->key = key;
    slot->health = table_.Get(key.first, key.second);
  }
  if (slot->probe != nullptr) --running_;
  slot->probe.reset();
  slot->timer.reset();
  slot->terms = terms;
  slot->verdict.RestartRow();
  Enqueue(*slot);
}

void Prober::Drop(Target& target) {
  if (target.probe != nullptr) --running_;
  target.probe.reset();
  target.timer.reset();
  target.health->Set(HealthState::kUnknown);
}

void Prober::Enqueue(Target& target) {
  if (target.waiting) return;
  target.waiting = true;
  waiting_.push_back(target.key);
}

void Prober::StartWaiting() {
  while (running_ < options_.max_concurrent && !waiting_.empty()) {
    const auto found = targets_.find(waiting_.front());
    waiting_.pop_front();
    // Gone, or gone and come back: then its key stands in the queue a second time.
    if (found == targets_.end() || !found->second->waiting) continue;
    Target& target = *found->second;
    target.waiting = false;
    ++running_;
    ProbeSpec spec = target.terms.spec;
    spec.tls = target.health->tls();
    target.probe = runner_.Start(target.terms.endpoint, spec,
                                 [this, &target](const ProbeResult& result) { Finish(target, result); });
  }
}

void Prober::Finish(Target& target, const ProbeResult& result) {
  target.probe.reset();
  --running_;
  target.reason = result.reason;
  const HealthState before = target.verdict.state();
  const bool changed = target.verdict.Observe(result.verdict, target.terms.thresholds);
  if (changed) target.health->Set(target.verdict.state());
  target.timer = loop_.After(NextGap(target), [this, &target] {
    target.timer.reset();
    Enqueue(target);
    StartWaiting();
  });
  StartWaiting();
  if (probed_) probed_(target.key.first, result.verdict == ProbeVerdict::kOk);
  const bool news = changed && !(before == HealthState::kUnknown && target.verdict.state() == HealthState::kHealthy);
  if (news && news_) news_({target.key.first, target.key.second, target.verdict.state(), result.reason});
}

// Doubt is settled sooner than what is known is confirmed.
Duration Prober::NextGap(Target& target) {
  const double factor = 0.9 + 0.2 * random_.Unit();
  const ProbeTarget& terms = target.terms;
  const bool unhealthy = target.verdict.state() == HealthState::kUnhealthy;
  Duration gap = target.verdict.row() > 0 ? terms.suspicious_interval : terms.interval;
  if (unhealthy && target.verdict.row() == 0) {
    gap = std::clamp(target.unhealthy_for / kGapsOfIllness, std::min(terms.suspicious_interval, terms.interval), terms.interval);
  }
  gap = Duration(static_cast<Duration::rep>(static_cast<double>(gap.count()) * factor));
  target.unhealthy_for = unhealthy ? target.unhealthy_for + gap : Duration{};
  return gap;
}

void Prober::Stop() {
  for (auto& [key, target] : targets_) Drop(*target);
  targets_.clear();
  waiting_.clear();
}

std::vector<ProbeStatus> Prober::Status() const {
  std::vector<ProbeStatus> out;
  out.reserve(targets_.size());
  for (const auto& [key, target] : targets_) out.push_back({key.first, key.second, target->verdict.state(), target->reason});
  return out;
}

}  // namespace switchyard::agent::health
