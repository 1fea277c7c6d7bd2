// The part of the ledger that sees how busy backends are, and steps their weights; and what probers say.
#include <algorithm>
#include <cmath>

#include "controlplane/fleet/ledger.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr double kMostUtilization = 10;
constexpr double kLoadTau = 2;  // seconds
constexpr std::uint64_t kPeriodsPerHistory = 5;
constexpr std::size_t kMaxHistory = 120;
constexpr std::size_t kMaxVotes = 1'000;

// The sensor in production: what agents counted, against what backends say of themselves or their configured concurrency; the busier of both counts.
class FusedLoad final : public LoadSensor {
 public:
  explicit FusedLoad(const Backend& backend) : backend_(backend) {}
  std::optional<LoadReading> Read(TimePoint now) const override {
    LoadReading reading;
    bool known = false;
    if (backend_.busy.attempts(now) > 0.05) {
      reading.utilization = backend_.busy.error();  // the mean of what was said
      known = true;
    }
    const double limit = backend_.upstream->terms.concurrency * backend_.weight.configured;
    if (limit > 0) {
      // Above its limit it works at full use, not above.
      reading.utilization = std::max(reading.utilization, std::min(1.0, backend_.load_mean / limit));
      known = true;
    }
    if (!known) return std::nullopt;
    reading.completed = backend_.lately.rate(now) * (1 - backend_.lately.error());
    reading.error = backend_.lately.error();
    return reading;
  }

 private:
  const Backend& backend_;
};

// Only those who were asked to probe it have a vote.
void Vouch(Backend& backend, const std::string& node, v1::Health health, TimePoint now) {
  if (std::find(backend.probers.begin(), backend.probers.end(), node) == backend.probers.end()) return;
  const auto at = std::find_if(backend.votes.begin(), backend.votes.end(), [&](const Vote& vote) { return vote.node == node; });
  if (at != backend.votes.end()) {
    *at = {node, health, now};
  } else if (backend.votes.size() < kMaxVotes) {
    backend.votes.push_back({node, health, now});
  }
  backend.upstream->watched = true;
}

}  // namespace

void Ledger::OnReport(const std::string& node, const std::string& instance, const v1::Report& report, TimePoint now) {
  // An agent without traffic sends no evidence, and is not silent for that.
  Agent* agent = AgentOf(node, instance);
  if (agent == nullptr) return;
  agent->last_heard = now;
  // Gauges may come twice, counts may not.
  const bool counts = report.sequence() > agent->last_report;
  if (counts) agent->last_report = report.sequence();
  const int rows = std::min(report.backends_size(), static_cast<int>(kMaxCells));
  for (int i = 0; i < rows; ++i) {
    const v1::BackendReport& row = report.backends(i);
    const bool paced = counts && !row.latency().counts().empty();
    if (row.health() == v1::HEALTH_UNSPECIFIED && !row.has_load() && !paced) continue;
    const auto upstream = upstreams_.find(row.upstream());
    if (upstream == upstreams_.end()) continue;
    const auto at = upstream->second->backends.find(row.backend());
    if (at == upstream->second->backends.end()) continue;
    if (row.health() != v1::HEALTH_UNSPECIFIED && upstream->second->terms.probed_by > 0) Vouch(*at->second, node, row.health(), now);
    if (paced) TakeLatency(*agent, *at->second, row, now);
    if (!row.has_load() || row.load().samples() == 0) continue;
    if (!std::isfinite(row.load().utilization()) || row.load().utilization() < 0) {
      ++counters_.malformed;
      continue;
    }
    // One agent, one voice: how often it heard of the backend says nothing of how busy that is.
    at->second->busy.Add(1, std::min(row.load().utilization(), kMostUtilization), now);
  }
}

bool Ledger::OnHealth(const std::string& node, const v1::HealthChange& change, TimePoint now) {
  const auto upstream = upstreams_.find(change.upstream());
  if (upstream == upstreams_.end() || upstream->second->terms.probed_by == 0) return false;
  const auto at = upstream->second->backends.find(change.backend());
  if (at == upstream->second->backends.end()) return false;
  Vouch(*at->second, node, change.health(), now);
  return true;
}

bool Ledger::StepAllWeights(TimePoint now) {
  ++weight_periods_;
  bool changed = false;
  std::vector<WeightState*> states;
  for (auto& [name, upstream] : upstreams_) {
    states.clear();
    for (auto& [address, backend] : upstream->backends) {
      const double gap = backend->load_at == TimePoint{} ? kLoadTau : SecondsBetween(backend->load_at, now);
      backend->load_mean += (1 - std::exp(-gap / kLoadTau)) * (static_cast<double>(std::max<std::int64_t>(backend->in_flight, 0)) - backend->load_mean);
      backend->load_at = now;
      WeightState& state = backend->weight;
      state.active = backend->active && backend->machine.stage() == Stage::kGood && !HeldAsSlow(*backend);
      state.reading = upstream->terms.weights ? FusedLoad(*backend).Read(now) : std::nullopt;
      states.push_back(&state);
      if (weight_periods_ % kPeriodsPerHistory != 0) continue;
      backend->history.push_back(static_cast<float>(state.factor));
      if (backend->history.size() > kMaxHistory) backend->history.erase(backend->history.begin());
    }
    const bool stepped = StepWeights(states, capacity_rule_, weight_controller_, now);
    for (auto& [address, backend] : upstream->backends) {
      if (!upstream->terms.weights) backend->weight.held = Held::kOff;
      if (!stepped || !RefreshWord(*backend, {})) continue;
      Told(*backend, backend->word_epoch);
      changed = true;
    }
  }
  return changed;
}

}  // namespace switchyard::controlplane::fleet
