#include "agent/runtime/worker.h"

#include <utility>

namespace switchyard::agent::runtime {

using listener::Acceptor;
using listener::ListenerState;
using loop::Ref;

Worker::Worker(unsigned index, std::unique_ptr<loop::EventLoop> loop, const std::atomic<std::uint64_t>& published, SelfMadeLog& log,
               std::unique_ptr<access_log::Pen> pen)
    : index_(index), pen_(std::move(pen)), loop_(std::move(loop)), published_(published), log_(log) {}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  thread_ = std::thread([this] { loop_->Run(); });
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  Run([this] {
    for (auto& [address, serving] : acceptors_) serving.Close();
    CloseAll();
    acceptors_.clear();
    listeners_.clear();
    removed_.clear();
    prepared_.reset();
    view_.reset();
  });
  loop_->Stop();
  thread_.join();
}

void Worker::Prepare(std::uint64_t epoch, std::shared_ptr<const snapshot::AgentSnapshot> snapshot) {
  const Ref<exchange::WorkerView> newest = prepared_ ? prepared_ : view_;
  std::unordered_map<std::string, upstream::UpstreamState*> before;
  if (newest) {
    for (const auto& state : newest->upstreams) before[state->config().name] = state.get();
  }
  const Ref<exchange::WorkerView> view(new exchange::WorkerView());
  for (const auto& config : snapshot->upstreams) {
    const auto at = before.find(config->name);
    upstream::UpstreamState* previous = at == before.end() ? nullptr : at->second;
    const bool same = previous != nullptr && previous->shared_config() == config;
    view->upstreams.push_back(same ? Ref<upstream::UpstreamState>(previous)
                                   : Ref<upstream::UpstreamState>(new upstream::UpstreamState(*loop_, config, previous, departed_)));
    view->upstreams.back()->SetRoutes(snapshot->routes_of[view->upstreams.size() - 1]);
  }
  view->snapshot = std::move(snapshot);
  view->mirrors = mirrors_;
  view->pen = pen_.get();
  prepared_ = view;
  prepared_epoch_ = epoch;
}

const Ref<exchange::WorkerView>& Worker::CurrentView() {
  if (prepared_ && published_.load(std::memory_order_acquire) >= prepared_epoch_) view_ = std::exchange(prepared_, nullptr);
  return view_;
}

void Worker::OpenConnection(ListenerState& listener, int fd, const Endpoint& peer, bool refuse) {
  l4::Arrival arrival;
  arrival.fd = fd;
  arrival.peer = arrival.client = peer;
  arrival.refuse = refuse;
  l4::OpenConnection({*loop_, pipes_}, Ref<ListenerState>(&listener), arrival);
}

ListenerState& Worker::StateOf(const std::string& name) {
  Ref<ListenerState>& state = listeners_[name];
  if (!state) state = Ref<ListenerState>(new ListenerState(*this, name));
  return *state;
}

void Worker::Commit(const std::map<std::string, std::vector<int>>& sockets, const std::map<std::string, std::string>& serving) {
  CurrentView();
  for (auto at = acceptors_.begin(); at != acceptors_.end();) {
    const auto wanted = serving.find(at->first);
    if (wanted == serving.end()) {
      at->second.Close();
      at = acceptors_.erase(at);
    } else {
      if (wanted->second != at->second.listener) {
        for (const auto& acceptor : at->second.acceptors) acceptor->Serve(Ref<ListenerState>(&StateOf(wanted->second)));
      }
      at->second.listener = wanted->second;
      ++at;
    }
  }
  for (const auto& [address, fds] : sockets) {
    Serving& fresh = acceptors_[address];
    fresh.listener = serving.at(address);
    for (const int fd : fds) {
      fresh.acceptors.emplace_back(new Acceptor(*loop_, fd, Ref<ListenerState>(&StateOf(fresh.listener))));
      if (!draining_) fresh.acceptors.back()->Start();
    }
    if (draining_) fresh.Close();
  }
  ForgetClosedListeners();
  // Listeners without traffic let go of the view before, too, and with it of backends that are gone.
  for (auto& [name, state] : listeners_) state->Current();
}

// Listeners without an address are gone; their connections end with the request they carry.
void Worker::ForgetClosedListeners() {
  std::unordered_map<std::string, Ref<ListenerState>> kept;
  for (const auto& [address, serving] : acceptors_) kept[serving.listener] = listeners_[serving.listener];
  for (auto& [name, state] : listeners_) {
    if (kept.contains(name)) continue;
    state->Remove();
    state->CloseIdle();
    removed_.push_back(state);
  }
  listeners_ = std::move(kept);
}

void Worker::BeginDrain() {
  draining_ = true;
  for (auto& [address, serving] : acceptors_) serving.Close();
  for (auto& [name, state] : listeners_) state->StartDrain();
}

void Worker::ReleaseSockets() {
  for (auto& [address, serving] : acceptors_) {
    for (const auto& acceptor : serving.acceptors) acceptor->Release();
  }
}

std::map<std::string, std::vector<int>> Worker::CopySockets() const {
  std::map<std::string, std::vector<int>> copies;
  for (const auto& [address, serving] : acceptors_) {
    for (const auto& acceptor : serving.acceptors) {
      if (const int copy = acceptor->Copy(); copy >= 0) copies[address].push_back(copy);
    }
  }
  return copies;
}

void Worker::DrainShare(double share) {
  for (auto& [name, state] : listeners_) state->DrainShare(share);
}

void Worker::CloseIdle() {
  for (auto& [name, state] : listeners_) state->CloseIdle();
}

void Worker::CloseAll() {
  for (auto& [name, state] : listeners_) state->CloseAll();
  for (const auto& state : removed_) state->CloseAll();
  mirrors_->CancelAll();
}

std::size_t Worker::connections() const {
  std::size_t sum = 0;
  for (const auto& [name, state] : listeners_) sum += state->connections();
  for (const auto& state : removed_) sum += state->connections();
  return sum;
}

report::EvidenceRows Worker::TakeEvidence() {
  report::EvidenceRows rows;
  if (!view_) return rows;
  for (const auto& upstream : view_->upstreams) {
    for (const auto& backend : upstream->backends()) {
      auto evidence = backend->TakeEvidence();
      if (evidence) rows.push_back({upstream->config().name, backend->address(), evidence->counts, std::move(evidence->routes)});
    }
  }
  return rows;
}

report::Window Worker::Collect() {
  CurrentView();
  report::Window window = std::exchange(departed_, {});
  if (view_) {
    report::Window live;
    for (const auto& upstream : view_->upstreams) {
      auto& backends = live.backends[upstream->config().name];
      for (const auto& backend : upstream->backends()) backends[backend->address()] = backend->Collect();
    }
    window.Merge(live);
  }
  window.turns[index_] = loop_->TakeTurns();
  report::Window listeners;
  for (const auto& [name, state] : listeners_) listeners.listeners[name] = state->Collect();
  window.Merge(listeners);
  for (const auto& state : removed_) {
    report::Window last;
    last.listeners[state->name()] = state->Collect();
    window.Merge(last);
  }
  std::erase_if(removed_, [](const auto& state) { return state->connections() == 0; });
  return window;
}

}  // namespace switchyard::agent::runtime
