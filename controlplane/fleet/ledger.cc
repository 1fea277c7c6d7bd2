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
    failures = failures || record.failed() + record.unanswered() > 0;
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
  const double all = static_cast<double>(record.succeeded()) + record.failed() + record.unanswered();
  if (all <= 0) return;
  const double part = std::min(1.0, CapOf(backend, cell, gap, now) / all);
  const double failed = part * (static_cast<double>(record.failed()) + record.unanswered());
  const double severity = part * (record.failed() + kUnansweredSeverity * record.unanswered());
  cell.counts.Add(part * all, failed, now);
  backend.lately.Add(part * all, failed, now);
  backend.just_now.Add(part * all, failed, now);
  backend.upstream->touched = true;
  if (pending_.size() >= kMaxPending) {
    ++counters_.dropped;
    return;
  }
  pending_.push_back({&agent, record.id() - 1, part * record.succeeded(), failed, severity});
}

// Whose fault is it? At half of its backends, and at two, worse than what all the others see there: its own.
void Ledger::FindFault(Agent& agent, const v1::Evidence& evidence, TimePoint now) {
  std::vector<std::uint8_t> failing(agent.cells.size(), 0);
  for (const v1::BackendEvidence& record : evidence.backends()) {
    if (record.id() == 0 || record.id() > failing.size()) continue;
    const auto failed = static_cast<double>(record.failed()) + record.unanswered();
    if (failed > 0 && failed >= record.succeeded()) failing[record.id() - 1] = 1;
  }
  std::size_t odd = 0;
  std::size_t used = 0;
  for (std::size_t i = 0; i < agent.cells.size(); ++i) {
    const Cell& cell = agent.cells[i];
    if (cell.backend == nullptr || cell.counts.attempts(now) < 0.5) continue;
    ++used;
    const double others = cell.backend->lately.attempts(now) - cell.counts.attempts(now);
    const double theirs = others < 0.5 ? 1 : std::max(0.0, cell.backend->lately.failed(now) - cell.counts.failed(now)) / others;
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
