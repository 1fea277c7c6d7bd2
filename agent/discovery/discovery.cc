#include "agent/discovery/discovery.h"

#include <set>
#include <utility>

namespace switchyard::agent::discovery {
namespace {

// Backends out of Kubernetes come with the configuration.
bool IsLookedUpHere(const v1::Resource& resource) {
  return resource.has_upstream() && resource.upstream().has_discovery() && !resource.upstream().discovery().has_kubernetes();
}

}  // namespace

Discovery::Discovery(Loop& loop, config::ConfigSink& next, SourceMaker maker) : loop_(loop), next_(next), maker_(std::move(maker)) {}

Discovery::~Discovery() = default;

void Discovery::Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) {
  // In order: one that still waits goes first, with what is known.
  if (waiting_) PassOn();
  std::set<std::string> wanted;
  for (const v1::Resource& resource : snapshot.resources()) {
    if (!IsLookedUpHere(resource)) continue;
    wanted.insert(resource.name());
    Place(resource);
  }
  std::erase_if(entries_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  waiting_ = Waiting{snapshot, std::move(done)};
  if (AllAnswered()) return PassOn();
  first_answer_ = loop_.After(kFirstAnswer, [this] { PassOn(); });
}

void Discovery::Place(const v1::Resource& resource) {
  const std::string& name = resource.name();
  std::string terms = resource.upstream().discovery().SerializeAsString();
  Entry& entry = entries_[name];
  if (entry.source && entry.terms == terms) return;
  // Other terms: what was found under the old ones holds until there is an answer.
  entry.terms = std::move(terms);
  entry.answered = false;
  entry.source = maker_(resource.upstream().discovery(),
                        [this, name](const Backends& backends, bool changed) { OnFound(name, backends, changed); });
  if (entry.source) {
    entry.source->Start();
  } else {
    entry.answered = true;
  }
}

void Discovery::OnFound(const std::string& upstream, const Backends& backends, bool changed) {
  const auto at = entries_.find(upstream);
  if (at == entries_.end()) return;
  at->second.answered = true;
  if (changed) at->second.backends = backends;
  if (waiting_) {
    if (AllAnswered()) PassOn();
  } else if (changed && !settle_) {
    settle_ = loop_.After(kSettle, [this] { Refill(); });
  }
}

bool Discovery::AllAnswered() const {
  for (const auto& [name, entry] : entries_) {
    // One that had backends under other terms can serve while it looks.
    if (!entry.answered && entry.backends.empty()) return false;
  }
  return true;
}

void Discovery::PassOn() {
  first_answer_.reset();
  settle_.reset();
  Waiting waiting = *std::exchange(waiting_, std::nullopt);
  if (entries_.empty()) {
    current_.Clear();
    filled_.Clear();
    return next_.Apply(waiting.snapshot, std::move(waiting.done));
  }
  current_ = std::move(waiting.snapshot);
  filled_ = Filled(current_);
  next_.Apply(filled_, std::move(waiting.done));
}

void Discovery::Refill() {
  settle_.reset();
  if (waiting_) return;
  v1::Snapshot before = std::exchange(filled_, Filled(current_));
  // What it says about listeners was told with the configuration.
  next_.Apply(filled_, [](const config::ApplyOutcome&) {});
  if (told_) told_(before, filled_);
}

v1::Snapshot Discovery::Filled(const v1::Snapshot& snapshot) const {
  v1::Snapshot out = snapshot;
  for (v1::Resource& resource : *out.mutable_resources()) {
    if (!IsLookedUpHere(resource)) continue;
    const auto at = entries_.find(resource.name());
    if (at == entries_.end()) continue;
    auto& backends = *resource.mutable_upstream()->mutable_backends();
    backends.Clear();
    for (const v1::Backend& backend : at->second.backends) *backends.Add() = backend;
  }
  return out;
}

std::vector<DiscoveryStatus> Discovery::Status() const {
  std::vector<DiscoveryStatus> out;
  for (const auto& [name, entry] : entries_) {
    if (entry.source) out.push_back({name, entry.source->Status()});
  }
  return out;
}

void Discovery::Stop() {
  first_answer_.reset();
  settle_.reset();
  entries_.clear();
}

}  // namespace switchyard::agent::discovery
