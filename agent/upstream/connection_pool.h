// ConnectionPool: the connections of one worker to one backend.
//
// A request takes a place on the connection with room that was listed last; if there is none and the cap allows, a new connection is made;
// else it waits its turn. Over HTTP/2 requests share connections up to what the backend allows, and a new one is made only when those that
// are being made would not do for all who wait. Whatever becomes available first serves the first in the queue.
//
// Where TLS decides the HTTP version (PoolLimits::may_speak_http1) HTTP/2 is tried first. A backend that chooses HTTP/1.1 is connected to anew,
// and taken to go on speaking it for kHttp1Remembered.
//
// A connection that has reached its age takes no new request. Where a least number is asked for connections are made ahead, and a second after
// one has failed or ended again.
//
// Thread-safety: its worker. Bounds: PoolLimits; a queue that is full refuses at once. Cost: O(1); a waiting request costs one list node.
// Life: kept alive by its owner and by each of its connections.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/loop/event_loop.h"
#include "agent/loop/ref_counted.h"
#include "agent/upstream/client_connection.h"
#include "agent/upstream/upstream_config.h"

namespace switchyard::agent::upstream {

class ConnectionPool final : public loop::RefCounted, private ClientConnection::Keeper, private loop::Timer::Owner {
 public:
  // Someone who waits for a connection.
  class Waiter {
   public:
    // `reused`: the connection has carried a request before.
    virtual void OnStream(loop::Ref<ClientStream> stream, bool reused) = 0;
    virtual void OnNoConnection(Cause cause) = 0;

    virtual ~Waiter() = default;

   private:
    friend class ConnectionPool;
    std::list<Waiter*>::iterator place_;
    bool waiting_ = false;
  };

  // `preface`: the first bytes of every connection, before TLS if there is any.
  ConnectionPool(loop::EventLoop& loop, const Endpoint& backend, const PoolLimits& limits, std::string preface = {});

  enum class Answer : std::uint8_t { kNow, kConnecting, kQueued, kFull };
  // `careful`: an idle connection is looked at once more before it is used (one system call), for a request that could not be sent again if
  // the backend has closed it this very moment. kNow: OnStream was called within. kConnecting, kQueued: exactly one of the waiter's
  // calls follows unless it is withdrawn.
  Answer Acquire(Waiter& waiter, bool careful);
  void Withdraw(Waiter& waiter);
  // As Withdraw, by one who found another way while a connection was being made for it: should that fail with nobody there to be told, `unheard` is.
  void Abandon(Waiter& waiter);
  // `heir` waits in its place from now on. REQUIRES: `waiter` waits, `heir` does not.
  void Replace(Waiter& waiter, Waiter& heir);
  void OnUnheard(std::function<void(Cause)> unheard) { unheard_ = std::move(unheard); }

  // New limits hold from the next decision on; connections above a lowered cap are not cut.
  void Configure(const PoolLimits& limits);
  // No longer wanted: idle connections and those that nobody waits for end now, busy ones when they are free.
  void Close();
  void CloseIdle();

  bool waited_for() const { return !queue_.empty(); }
  std::uint32_t connections() const { return static_cast<std::uint32_t>(all_.size()); }
  // Of those: without a request; in the making.
  std::uint32_t idle() const { return idle_; }
  std::uint32_t connecting() const { return connecting_; }
  // Requests that wait for one.
  std::uint32_t waiting() const { return static_cast<std::uint32_t>(queue_.size()); }

 private:
  // Requests that a first HTTP/2 connection is trusted to take before the backend has said how many it allows (RFC 9113 section 6.5.2).
  static constexpr std::uint32_t kExpectedStreams = 100;
  static constexpr Duration kHttp1Remembered = std::chrono::minutes(10);

  void OnConnectDone(ClientConnection& connection, Cause cause) override;
  void OnRoom(ClientConnection& connection) override;
  void OnClosed(ClientConnection& connection) override;

  // The version that a new connection is made for.
  bool http2() const { return limits_.http2 && (!limits_.may_speak_http1 || loop_.Now() >= http1_until_); }
  bool Speaks(const ClientConnection& connection) const { return limits_.may_speak_http1 || connection.http2_ == limits_.http2; }
  void TakeVersion(ClientConnection& connection);
  loop::Ref<ClientConnection> MakeConnection();
  void StartConnecting();
  void ConnectForQueue();
  // Requests that the connections under way will be able to take.
  std::size_t Expected() const;
  void TakeTls(const std::shared_ptr<const UpstreamTls>& tls);
  void Offer(const loop::Ref<ClientConnection>& connection);
  void List(const loop::Ref<ClientConnection>& connection);
  void Unlist(ClientConnection& connection);
  void End(ClientConnection& connection);
  void CountIdle(ClientConnection& connection, bool idle);
  void Forget(ClientConnection& connection);
  Waiter* PopWaiter();
  bool MayServe(const ClientConnection& connection) const;
  Duration Jittered(Duration whole);
  Duration IdleTime(const ClientConnection& connection) const;
  // Makes connections ahead up to the least number.
  void Warm();
  void WarmLater();
  void OnTimer(loop::Timer& timer) override;

  loop::EventLoop& loop_;
  const Endpoint backend_;
  const std::string preface_;
  PoolLimits limits_;
  tls::ClientSession session_;
  std::uint64_t epoch_ = 0;  // grows when connections made so far must not be used any more
  std::unordered_set<ClientConnection*> all_;       // each holds one reference, see StartConnecting
  std::vector<loop::Ref<ClientConnection>> open_;  // have room; listed last is at the back
  std::list<Waiter*> queue_;
  std::uint32_t connecting_ = 0;
  std::uint32_t idle_ = 0;
  std::uint32_t abandoned_ = 0;  // of those
  std::function<void(Cause)> unheard_;
  loop::Timer warm_again_;
  std::uint32_t expected_streams_ = kExpectedStreams;  // of an HTTP/2 connection
  TimePoint http1_until_{};  // the backend chose it
  bool closed_ = false;
};

}  // namespace switchyard::agent::upstream
