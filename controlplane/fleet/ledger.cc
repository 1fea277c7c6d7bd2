#include "controlplane/fleet/ledger.h"

#include <algorithm>
#include <set>

#include "common/base/endpoint.h"

namespace switchyard::controlplane::fleet {
namespace {

constexpr double kUnansweredSeverity = 3;
constexpr Duration kFaultLasts = std::chrono::seconds(5);
// A share of failures that is the agent's own: this much above what the others see.
constexpr double kOdd = 0.2;
// No agent's counts at a backend weigh more than so many times those of the mean other agent; so few are never cut.
constexpr double kMostWeight = 4;
constexpr double kLeastCap = 16;
constexpr double kLeastGap = 0.1;  // seconds between two messages of an agent
constexpr double kMostGap = 1;
// Requests in flight are told anew when they differ by more than a sixteenth.
constexpr std::uint32_t kInFlightStep = 16;

// What one record counts.
struct Sums {
  double succeeded = 0;
  double failed = 0;    // attempts
  double severity = 0;  // failures, weighted

  double all() const { return succeeded + failed; }
  void Add(const Sums& other) {
    succeeded += other.succeeded;
    failed += other.failed;
    severity += other.severity;
  }
};

// Of a BackendEvidence without its routes, or of a RouteEvidence.
template <class Record>
Sums SumsOf(const Record& record) {
  const double failed = record.failed();
  const double unanswered = record.unanswered();
  return {static_cast<double>(record.succeeded()), failed + unanswered, failed + kUnansweredSeverity * unanswered};
}

}  // namespace

void Ledger::SetCatalog(const store::Catalog& catalog, TimePoint) {
  std::set<std::string_view> named;
  const auto first = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_UPSTREAM, ""));
  for (auto it = first; it != catalog.resources.end() && it->first.first == v1::KIND_UPSTREAM; ++it) {
    const std::string& name = it->second->name();
    named.insert(name);
    auto& upstream = upstreams_[name];
    if (upstream == nullptr) upstream = std::make_unique<Upstream>();
    upstream->name = name;
    upstream->terms = TermsOf(it->second->upstream());
    std::set<std::string_view> addresses;
    for (const BackendTerms& terms : upstream->terms.backends) {
      addresses.insert(terms.address);
      auto found = upstream->backends.find(terms.address);
      Backend* backend = found == upstream->backends.end() ? MakeBackend(*upstream, terms.address) : found->second.get();
      if (backend == nullptr) continue;
      backend->configured = true;
      backend->active = terms.active && terms.weight > 0;
      backend->priority = terms.priority;
      backend->zone = terms.zone;
      backend->weight.configured = terms.weight;
    }
    for (auto at = upstream->backends.begin(); at != upstream->backends.end();) {
      const bool stays = addresses.contains(at->first) || (upstream->terms.discovered && !at->second->configured);
      if (!stays) DropBackend(*at->second);
      at = stays ? std::next(at) : upstream->backends.erase(at);
    }
  }
  for (auto it = upstreams_.begin(); it != upstreams_.end();) {
    const bool stays = named.contains(it->first);
    if (!stays) {
      for (auto& [address, backend] : it->second->backends) DropBackend(*backend);
    }
    it = stays ? std::next(it) : upstreams_.erase(it);
  }
}

Backend* Ledger::MakeBackend(Upstream& upstream, const std::string& address) {
  if (backends_ >= kMaxBackends) {
    ++counters_.dropped;
    return nullptr;
  }
  ++backends_;
  auto& backend = upstream.backends[address] = std::make_unique<Backend>();
  backend->id = ++last_backend_;
  backend->upstream = &upstream;
  backend->address = address;
  // Plain, as agents hold it who were told nothing.
  RefreshWord(*backend, {});
  return backend.get();
}

// Cells that point to it point to nothing; the agents' numbers stay taken.
void Ledger::DropBackend(Backend& backend) {
  for (const auto& [agent, cell] : backend.users) agent->cells[cell] = {};
  std::erase_if(slow_rows_, [&](const SlowRow& row) { return row.backend == &backend; });
  --backends_;
}

// Found once, and known to no agent any more.
void Ledger::DropUnused(Upstream& upstream) {
  for (auto at = upstream.backends.begin(); at != upstream.backends.end();) {
    const bool unused = !at->second->configured && at->second->users.empty();
    if (unused) DropBackend(*at->second);
    at = unused ? upstream.backends.erase(at) : std::next(at);
  }
}

Backend* Ledger::FindOrMake(const std::string& upstream, const std::string& address) {
  const auto at = upstreams_.find(upstream);
  if (at == upstreams_.end()) return nullptr;
  const auto found = at->second->backends.find(address);
  if (found != at->second->backends.end()) return found->second.get();
  if (!at->second->terms.discovered || !Endpoint::Parse(address).ok()) return nullptr;
  if (at->second->backends.size() >= kMaxDiscovered) DropUnused(*at->second);
  const bool may = at->second->backends.size() < kMaxDiscovered;
  Backend* made = may ? MakeBackend(*at->second, address) : nullptr;
  if (made != nullptr) made->configured = false;
  return made;
}

Agent* Ledger::AgentOf(const std::string& node, const std::string& instance) {
  auto at = agents_.find(node);
  if (at == agents_.end()) {
    if (agents_.size() >= kMaxAgents && !ForgetGoneAgent()) {
      ++counters_.dropped;
      return nullptr;
    }
    at = agents_.emplace(node, std::make_unique<Agent>()).first;
    at->second->node = node;
    at->second->instance = instance;
    at->second->number = ++last_agent_;
  }
  if (at->second->instance != instance) {
    at->second->instance = instance;
    at->second->last_sequence = at->second->last_report = 0;
  }
  return at->second.get();
}

// The one that has been gone for longest; false when all are there.
bool Ledger::ForgetGoneAgent() {
  auto oldest = agents_.end();
  for (auto at = agents_.begin(); at != agents_.end(); ++at) {
    if (at->second->cells.empty() && (oldest == agents_.end() || at->second->last_heard < oldest->second->last_heard)) oldest = at;
  }
  if (oldest == agents_.end()) return false;
  agents_.erase(oldest);
  return true;
}

void Ledger::ForgetCells(Agent& agent) {
  for (std::uint32_t i = 0; i < agent.cells.size(); ++i) {
    Cell& cell = agent.cells[i];
    if (cell.backend == nullptr) continue;
    cell.backend->in_flight -= cell.in_flight;
    std::erase_if(cell.backend->users, [&](const auto& user) { return user.first == &agent; });
  }
  agent.cells.clear();
  std::erase_if(pending_, [&](const Pending& one) { return one.agent == &agent; });
}

void Ledger::OnGone(const std::string& node) {
  const auto at = agents_.find(node);
  if (at == agents_.end()) return;
  // Its sequence stays known: what is sent again on the next stream must not count twice.
  ForgetCells(*at->second);
}

bool Ledger::Define(Agent& agent, const v1::BackendEvidence& record) {
  if (record.id() != agent.cells.size() + 1 || record.id() > kMaxCells) return false;
  Cell& cell = agent.cells.emplace_back();
  cell.backend = FindOrMake(record.upstream(), record.backend());
  if (cell.backend != nullptr) cell.backend->users.emplace_back(&agent, record.id() - 1);
  return true;
}

bool Ledger::OnEvidence(const std::string& node, const std::string& instance, const v1::Evidence& evidence, TimePoint now) {
  Agent* agent = AgentOf(node, instance);
  if (agent == nullptr) return false;
  if (evidence.sequence() <= agent->last_sequence) {
    ++counters_.duplicates;
    return false;
  }
  const double gap = std::clamp(SecondsBetween(agent->last_evidence, now), kLeastGap, kMostGap);
  agent->last_sequence = evidence.sequence();
  agent->last_heard = agent->last_evidence = now;
  ++counters_.evidence;
  if (evidence.fresh()) ForgetCells(*agent);
  bool failures = false;
  for (const v1::BackendEvidence& record : evidence.backends()) {
    if (!record.upstream().empty() && !Define(*agent, record)) {
      ++counters_.malformed;
      continue;
    }
    if (record.id() == 0 || record.id() > agent->cells.size()) {
      ++counters_.malformed;
      continue;
    }
    Count(*agent, record, gap, now);
    failures = failures || SumsOf(record).failed > 0 ||
               std::any_of(record.routes().begin(), record.routes().end(), [](const auto& route) { return SumsOf(route).failed > 0; });
  }
  if (failures) FindFault(*agent, evidence, now);
  return failures;
}

// By what the others do in the same time: its own counts must not raise its own cap.
double Ledger::CapOf(const Backend& backend, const Cell& cell, double gap, TimePoint now) {
  if (backend.users.size() < 2) return 1e9;
  const double others = std::max(0.0, backend.lately.rate(now) - cell.counts.rate(now)) / static_cast<double>(backend.users.size() - 1);
  return std::max(kLeastCap, kMostWeight * others * gap);
}

void Ledger::Count(Agent& agent, const v1::BackendEvidence& record, double gap, TimePoint now) {
  Cell& cell = agent.cells[record.id() - 1];
  if (cell.backend == nullptr) return;
  Backend& backend = *cell.backend;
  const std::uint32_t in_flight = std::min<std::uint32_t>(record.in_flight(), 1'000'000);
  backend.in_flight += static_cast<std::int64_t>(in_flight) - cell.in_flight;
  cell.in_flight = in_flight;
  Sums sums = SumsOf(record);
  const int routes = std::min(record.routes_size(), kMostRoutesTold);
  counters_.malformed += record.routes_size() > routes ? 1 : 0;
  for (int i = 0; i < routes; ++i) sums.Add(SumsOf(record.routes(i)));
  if (sums.all() <= 0) return;
  const double part = std::min(1.0, CapOf(backend, cell, gap, now) / sums.all());
  backend.lately.Add(part * sums.all(), part * sums.failed, now);
  backend.upstream->touched = true;
  const auto take = [&](std::uint64_t route, const Sums& seen) {
    if (seen.all() > 0) CountForRoute({&agent, record.id() - 1, route, part * seen.succeeded, part * seen.failed, part * seen.severity}, now);
  };
  take(0, SumsOf(record));
  for (int i = 0; i < routes; ++i) {
    if (record.routes(i).route() == 0) ++counters_.malformed;
    take(record.routes(i).route(), SumsOf(record.routes(i)));
  }
}

// `seen.route` 0: of none in particular.
void Ledger::CountForRoute(const Pending& seen, TimePoint now) {
  Cell& cell = seen.agent->cells[seen.cell];
  Backend& backend = *cell.backend;
  const double all = seen.succeeded + seen.failed;
  if (seen.route != 0) {
    if (backend.routes == nullptr) backend.routes = std::make_unique<RouteViews>();
    backend.routes->Of(seen.route, now).errors.Add(all, seen.failed, now);
  }
  if (NatureOf(*backend.upstream, seen.route).error <= 0) {
    cell.counts.Add(all, seen.failed, now);
    backend.judged.Add(all, seen.failed, now);
    backend.just_now.Add(all, seen.failed, now);
  }
  if (pending_.size() >= kMaxPending) {
    ++counters_.dropped;
    return;
  }
  pending_.push_back(seen);
}

// Whose fault is it? At half of its backends, and at two, worse than what all the others see there: its own. Routes that fail for everybody say nothing of it.
void Ledger::FindFault(Agent& agent, const v1::Evidence& evidence, TimePoint now) {
  std::vector<std::uint8_t> failing(agent.cells.size(), 0);
  for (const v1::BackendEvidence& record : evidence.backends()) {
    if (record.id() == 0 || record.id() > failing.size() || agent.cells[record.id() - 1].backend == nullptr) continue;
    Sums sums = SumsOf(record);
    for (const v1::RouteEvidence& route : record.routes()) {
      if (NatureOf(*agent.cells[record.id() - 1].backend->upstream, route.route()).error <= 0) sums.Add(SumsOf(route));
    }
    if (sums.failed > 0 && sums.failed >= sums.succeeded) failing[record.id() - 1] = 1;
  }
  std::size_t odd = 0;
  std::size_t used = 0;
  for (std::size_t i = 0; i < agent.cells.size(); ++i) {
    const Cell& cell = agent.cells[i];
    if (cell.backend == nullptr || cell.counts.attempts(now) < 0.5) continue;
    ++used;
    const Lately& all = cell.backend->judged;
    const double others = all.attempts(now) - cell.counts.attempts(now);
    const double theirs = others < 0.5 ? 1 : std::max(0.0, all.failed(now) - cell.counts.failed(now)) / others;
    const double own = failing[i] != 0 ? 1 : cell.counts.error();
    if (own - theirs > kOdd) ++odd;
  }
  if (odd < 2 || 2 * odd < used) return;
  agent.at_fault_until = now + kFaultLasts;
  for (Cell& cell : agent.cells) {
    if (cell.backend != nullptr) cell.backend->suspicion.Withdraw(cell.mark);
  }
}

std::uint32_t Ledger::UsersOf(const Backend& backend, TimePoint now) {
  return static_cast<std::uint32_t>(std::count_if(backend.users.begin(), backend.users.end(), [&](const auto& user) {
    return user.first->cells[user.second].counts.attempts(now) > 0.1;
  }));
}

void Ledger::Told(Backend& backend, std::uint64_t& epoch) {
  epoch = NextEpoch();
  if (backend.named_epoch == 0) backend.named_epoch = epoch;
}

std::size_t Ledger::TellInFlight() {
  std::size_t changed = 0;
  for (auto& [name, upstream] : upstreams_) {
    if (!upstream->terms.wants_in_flight) continue;
    for (auto& [address, backend] : upstream->backends) {
      const auto now = static_cast<std::uint32_t>(std::clamp<std::int64_t>(backend->in_flight, 0, 10'000'000));
      const std::uint32_t told = backend->told_in_flight;
      if (std::max(now, told) - std::min(now, told) <= told / kInFlightStep) continue;
      backend->told_in_flight = now;
      Told(*backend, backend->flight_epoch);
      ++changed;
    }
  }
  return changed;
}

std::vector<std::string> Ledger::SetOverride(const std::string& upstream, const std::string& address, const OverrideState& override) {
  std::vector<std::string> out;
  for (auto& [name, one] : upstreams_) {
    if (!upstream.empty() && name != upstream) continue;
    const auto at = one->backends.find(address);
    if (at == one->backends.end()) continue;
    at->second->override = override;
    if (override.override == v1::OVERRIDE_NONE) at->second->override.reset();
    one->watched = true;
    out.push_back(name);
  }
  return out;
}

}  // namespace switchyard::controlplane::fleet
