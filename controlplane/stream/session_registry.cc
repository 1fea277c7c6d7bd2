#include "controlplane/stream/session_registry.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace switchyard::controlplane::stream {

SessionRegistry::SessionRegistry(const Clock* clock, runtime::Timers* timers, RegistryLimits limits)
    : clock_(clock), timers_(timers), limits_(limits) {}

void SessionRegistry::Expect(const std::vector<ExpectedAgent>& agents) {
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_->Now();
  for (const ExpectedAgent& agent : agents) {
    if (agents_.size() >= limits_.max_agents) break;
    SessionFacts facts;
    facts.node = agent.node;
    facts.certificate_not_after = agent.certificate_not_after;
    facts.behind_since = now;
    agents_[agent.node] = AgentRecord{.facts = std::move(facts), .expected = true};
    gone_at_[agent.node] = now;
    gone_.insert({now, agent.node});
  }
  if (!agents_.empty()) timers_->After(limits_.return_grace, [this] { OnReturnGraceEnd(); });
}

void SessionRegistry::OnReturnGraceEnd() {
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [node, agent] : agents_) {
      if (std::exchange(agent.expected, false)) Settle(agent.facts, false, fired);
    }
  }
  Call(std::move(fired));
}

absl::Status SessionRegistry::Attach(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts) {
  std::shared_ptr<SessionHandle> replaced;
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return *closed_;
    const auto known = agents_.find(facts.node);
    if (known == agents_.end()) {
      if (auto status = MakeRoom(); !status.ok()) return status;
    } else if (known->second.connected) {
      Stream& stream = streams_[facts.node];
      if (!stream.takeovers.Admit(known->second.facts.instance, facts.instance, clock_->Now())) {
        return absl::AlreadyExistsError(
            fmt::format("duplicate node name: agent processes '{}' and '{}' both connect as '{}'; give one of them another name",
                        known->second.facts.instance, facts.instance, facts.node));
      }
      replaced = std::move(stream.session);
    } else {
      gone_.erase({gone_at_[facts.node], facts.node});
      gone_at_.erase(facts.node);
    }
    streams_[facts.node].session = session;
    agents_[facts.node] = AgentRecord{facts, true};
    // One who was awaited may already serve what others wait for.
    Settle(facts, true, fired);
  }
  Call(std::move(fired));
  if (replaced != nullptr) replaced->End(absl::AbortedError("a newer stream of this node took over"));
  return absl::OkStatus();
}

absl::Status SessionRegistry::MakeRoom() {
  if (agents_.size() < limits_.max_agents) return absl::OkStatus();
  if (gone_.empty()) {
    return absl::ResourceExhaustedError(fmt::format("{} agents are connected; the controller takes no more", limits_.max_agents));
  }
  const std::string oldest = gone_.begin()->second;
  gone_.erase(gone_.begin());
  gone_at_.erase(oldest);
  agents_.erase(oldest);
  return absl::OkStatus();
}

void SessionRegistry::Update(const SessionHandle& session, const SessionFacts& facts) {
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(facts.node);
    if (stream == streams_.end() || stream->second.session.get() != &session) return;
    AgentRecord& record = agents_[facts.node];
    if (facts.revision < record.facts.revision) return;
    record.facts = facts;
    Settle(facts, true, fired);
  }
  Call(std::move(fired));
}

bool SessionRegistry::Detach(const SessionHandle& session, const SessionFacts& facts) {
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(facts.node);
    if (stream == streams_.end() || stream->second.session.get() != &session) return false;
    streams_.erase(stream);
    AgentRecord& record = agents_[facts.node];
    record.connected = false;
    record.facts = facts;
    record.facts.predecessor.reset();
    record.facts.since = clock_->WallNow();
    // From now on it may miss what is committed; that counts as being behind.
    if (!record.facts.behind_since) record.facts.behind_since = clock_->Now();
    gone_at_[facts.node] = clock_->Now();
    gone_.insert({gone_at_[facts.node], facts.node});
    Settle(facts, false, fired);
  }
  Call(std::move(fired));
  return true;
}

void SessionRegistry::SetCertificate(const std::string& node, WallTime not_after) {
  std::shared_ptr<SessionHandle> session;
  {
    const std::lock_guard lock(mutex_);
    const auto stream = streams_.find(node);
    if (stream == streams_.end()) return;
    session = stream->second.session;
  }
  session->SetCertificate(not_after);
}

std::map<std::string, bool> SessionRegistry::Tell(const std::vector<std::string>& nodes, const Frame& message) {
  std::map<std::string, bool> told;
  std::vector<std::shared_ptr<SessionHandle>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& node : nodes) {
      const auto stream = streams_.find(node);
      if (stream != streams_.end()) sessions.push_back(stream->second.session);
      if (node != "*") told[node] = stream != streams_.end();
    }
    if (std::find(nodes.begin(), nodes.end(), "*") != nodes.end()) {
      sessions.clear();
      for (const auto& [node, stream] : streams_) {
        sessions.push_back(stream.session);
        told[node] = true;
      }
    }
  }
  for (const auto& session : sessions) session->Tell(message);
  return told;
}

void SessionRegistry::EndAll(const absl::Status& status) {
  std::vector<std::shared_ptr<SessionHandle>> sessions;
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    closed_ = status;
    while (!waiters_.empty()) Fire(waiters_.begin(), fired);
    for (const auto& [node, stream] : streams_) sessions.push_back(stream.session);
  }
  Call(std::move(fired));
  for (const auto& session : sessions) session->End(status);
}

absl::StatusOr<SessionRegistry::WaiterId> SessionRegistry::WaitFor(std::uint64_t generation, WallTime committed, Duration timeout,
                                                                   OnConverged callback) {
  Fired fired;
  WaiterId id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (waiters_.size() >= limits_.max_waiters) {
      return absl::ResourceExhaustedError(fmt::format("{} calls already wait for agents; wait with `status` instead", limits_.max_waiters));
    }
    id = ++last_waiter_;
    Waiter waiter{.generation = generation, .committed = committed, .pending = {}, .callback = std::move(callback)};
    for (const auto& [node, agent] : agents_) {
      if (agent.expected || (agent.connected && StandingOf(agent.facts, generation) == Standing::kPending)) waiter.pending.insert(node);
    }
    const auto it = waiters_.emplace(id, std::move(waiter)).first;
    if (it->second.pending.empty()) {
      Fire(it, fired);
    } else {
      it->second.timer = timers_->After(timeout, [this, id] { OnDeadline(id); });
    }
  }
  Call(std::move(fired));
  return id;
}

void SessionRegistry::CancelWait(WaiterId id) {
  const std::lock_guard lock(mutex_);
  const auto it = waiters_.find(id);
  if (it == waiters_.end()) return;
  timers_->Cancel(it->second.timer);
  waiters_.erase(it);
}

void SessionRegistry::OnDeadline(WaiterId id) {
  Fired fired;
  {
    const std::lock_guard lock(mutex_);
    const auto it = waiters_.find(id);
    if (it != waiters_.end()) Fire(it, fired);
  }
  Call(std::move(fired));
}

void SessionRegistry::Settle(const SessionFacts& facts, bool connected, Fired& fired) {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    const auto waiter = it++;
    if (connected && StandingOf(facts, waiter->second.generation) == Standing::kPending) {
      waiter->second.pending.insert(facts.node);
    } else if (waiter->second.pending.erase(facts.node) > 0 && waiter->second.pending.empty()) {
      Fire(waiter, fired);
    }
  }
}

void SessionRegistry::Fire(std::map<WaiterId, Waiter>::iterator waiter, Fired& fired) {
  Waiter& w = waiter->second;
  timers_->Cancel(w.timer);
  fired.emplace_back(std::move(w.callback), ComputeConvergence(agents_, w.generation, w.committed, clock_->WallNow()));
  waiters_.erase(waiter);
}

void SessionRegistry::Call(Fired fired) {
  for (auto& [callback, convergence] : fired) callback(std::move(convergence));
}

v1::Convergence SessionRegistry::ConvergenceOf(std::uint64_t generation, WallTime committed) const {
  const std::lock_guard lock(mutex_);
  return ComputeConvergence(agents_, generation, committed, clock_->WallNow());
}

std::vector<AgentRecord> SessionRegistry::List(const std::string& after_node, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<AgentRecord> page;
  for (auto it = agents_.upper_bound(after_node); it != agents_.end() && page.size() < limit; ++it) page.push_back(it->second);
  return page;
}

RegistryCounts SessionRegistry::counts() const {
  const std::lock_guard lock(mutex_);
  return {streams_.size(), agents_.size()};
}

}  // namespace switchyard::controlplane::stream
