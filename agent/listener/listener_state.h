// ListenerState: one listener as one worker lives it: its configuration of the moment, its connections, its counts.
//
// Thread-safety: its worker. Bounds: max_connections of the configuration, plus kMaxRefused that are being told so.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>

#include "agent/exchange/server_stream.h"
#include "agent/exchange/worker_view.h"
#include "agent/listener/client_connection.h"
#include "agent/loop/ref_counted.h"
#include "agent/report/window.h"
#include "agent/snapshot/agent_snapshot.h"

namespace switchyard::agent::listener {

class ListenerState;

// What a listener asks of its worker.
class Host {
 public:
  // The view of this moment: the point at which a request decides which generation it sees.
  virtual const loop::Ref<exchange::WorkerView>& CurrentView() = 0;
  virtual bool draining() const = 0;
  // Told of every request that Switchyard answered itself or cut, for the log.
  // Serves a connection that was just accepted. `refuse`: over the cap, to be told so and closed.
  virtual void OpenConnection(ListenerState& listener, int fd, const Endpoint& peer, bool refuse) = 0;
  virtual void OnSelfMade(const std::string& listener, const exchange::Summary& summary) = 0;

 protected:
  ~Host() = default;
};

class ListenerState final : public loop::RefCounted {
 public:
  static constexpr std::size_t kMaxRefused = 64;

  ListenerState(Host& host, std::string name);

  // The view to serve the next request from, with this listener's configuration in it. When the listener was removed the last one that had
  // it.
  struct Serving {
    loop::Ref<exchange::WorkerView> view;
    const snapshot::ListenerConfig* config = nullptr;
  };
  const Serving& Current();
  // No more requests on connections of this listener than those under way.
  bool closing() const { return removed_ || host_.draining(); }
  void Remove();

  // False: over the cap; the connection should be refused, or dropped if `refusals_full`.
  bool HasRoom();
  bool refusals_full() const { return refused_ >= kMaxRefused; }
  void Add(ClientConnection& connection, bool refused);
  void Drop(ClientConnection& connection, bool refused);
  std::size_t connections() const { return connections_.size(); }
  // Tells every connection that `closing` has become true.
  void StartDrain();
  // Tells this share (0-1) of the connections, always the same ones first. Called with a share that grows, it spreads what clients do about
  // it (come back over a new connection) over time. Cost: O(connections).
  void DrainShare(double share);
  // Closes those that wait for a request; the others end with their response.
  void CloseIdle();
  void CloseAll();

  void Record(const exchange::Summary& summary, TimePoint now);
  // Takes over an accepted connection.
  void Accepted(int fd, const Endpoint& peer, bool refuse);
  // Of a tunnel.
  void RecordBytes(std::uint64_t received, std::uint64_t sent) {
    window_.received_bytes += received;
    window_.sent_bytes += sent;
  }
  // A connection that ended before any request.
  void CountConnection(Cause cause) { ++window_.causes[CauseIndex(cause)]; }
  // False: as many TLS handshakes as may be are under way.
  bool BeginHandshake();
  void EndHandshake() { --handshakes_; }
  void CountHandshake(bool resumed) { ++(resumed ? window_.tls_resumed : window_.tls_full); }
  // A fault of a connection, or of a request that never became an exchange.
  void RecordFault(Cause cause, TimePoint now);
  void RecordUpgrade() { ++window_.by_class[0]; }
  report::ListenerWindow Collect();
  const std::string& name() const { return name_; }

 private:
  Host& host_;
  const std::string name_;
  Serving serving_;
  std::unordered_set<ClientConnection*> connections_;
  std::size_t refused_ = 0;
  std::uint32_t handshakes_ = 0;
  report::ListenerWindow window_;
  report::RouteTraffic routes_;
  bool removed_ = false;
};

}  // namespace switchyard::agent::listener
