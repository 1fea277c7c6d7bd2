#include "agent/listener/listener_state.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace switchyard::agent::listener {

using loop::Ref;

ListenerState::ListenerState(Host& host, std::string name) : host_(host), name_(std::move(name)) {}

const ListenerState::Serving& ListenerState::Current() {
  const Ref<exchange::WorkerView>& view = host_.CurrentView();
  if (!view || view == serving_.view) return serving_;
  const auto& listeners = view->snapshot->listeners;
  const auto at = std::find_if(listeners.begin(), listeners.end(), [&](const auto& listener) { return listener->name == name_; });
  if (at != listeners.end()) serving_ = {view, at->get()};
  return serving_;
}

bool ListenerState::HasRoom() { return connections_.size() - refused_ < Current().config->max_connections; }

void ListenerState::Accepted(int fd, const Endpoint& peer, bool refuse) {
  ++window_.connections;
  host_.OpenConnection(*this, fd, peer, refuse);
}

bool ListenerState::BeginHandshake() {
  if (handshakes_ >= Current().config->max_handshakes) return false;
  ++handshakes_;
  return true;
}

void ListenerState::Add(ClientConnection& connection, bool refused) {
  connections_.insert(&connection);
  intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(&connection));
  if (refused) ++refused_;
}

void ListenerState::Drop(ClientConnection& connection, bool refused) {
  if (connections_.erase(&connection) == 0) return;
  if (refused) --refused_;
  intrusive_ptr_release(static_cast<loop::RefCounted*>(&connection));
}

void ListenerState::Remove() {
  removed_ = true;
  StartDrain();
}

void ListenerState::StartDrain() {
  const std::vector<ClientConnection*> all(connections_.begin(), connections_.end());
  for (ClientConnection* connection : all) connection->StartDrain();
}

void ListenerState::DrainShare(double share) {
  // Fibonacci hashing (Knuth, TAOCP 6.4): addresses of neighbours end up far apart.
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;
  constexpr double kRange = 18446744073709551616.0;  // 2^64
  const std::vector<ClientConnection*> all(connections_.begin(), connections_.end());
  for (ClientConnection* connection : all) {
    const std::uint64_t place = (reinterpret_cast<std::uintptr_t>(connection) >> 4U) * kGolden;
    if (static_cast<double>(place) / kRange < share) connection->StartDrain();
  }
}

void ListenerState::CloseIdle() {
  const std::vector<ClientConnection*> all(connections_.begin(), connections_.end());
  for (ClientConnection* connection : all) connection->CloseIfIdle();
}

void ListenerState::CloseAll() {
  const std::vector<ClientConnection*> all(connections_.begin(), connections_.end());
  for (ClientConnection* connection : all) connection->Cut();
}

void ListenerState::Record(const exchange::Summary& summary, TimePoint now) {
  if (summary.status >= 200 && summary.status < 600) ++window_.by_class[summary.status / 100U - 1U];
  if (summary.cause != Cause::kNone) {
    ++window_.causes[CauseIndex(summary.cause)];
    host_.OnSelfMade(name_, summary);
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - summary.started).count();
  const auto took_us = static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0));
  window_.duration.Record(took_us);
  if (summary.route_id != 0) routes_.Record(summary.route_id, summary.route, summary.status, took_us);
}

void ListenerState::RecordFault(Cause cause, TimePoint now) {
  ++window_.causes[CauseIndex(cause)];
  exchange::Summary summary;
  summary.cause = cause;
  summary.started = now;
  host_.OnSelfMade(name_, summary);
}

report::ListenerWindow ListenerState::Collect() {
  report::ListenerWindow out = std::exchange(window_, {});
  out.open_connections = static_cast<std::uint32_t>(connections_.size());
  out.routes = routes_.Collect();
  return out;
}

}  // namespace switchyard::agent::listener
