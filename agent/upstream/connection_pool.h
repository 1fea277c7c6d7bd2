// ConnectionPool: the connections of one worker to one backend.
//
// A request takes the idle connection that was used last; if there is none and the cap allows, a new one is made; else it waits its turn.
// Whatever becomes available first, a new connection or a freed one, serves the first in the queue.
//
// Thread-safety: its worker. Bounds: PoolLimits; a queue that is full refuses at once. Cost: O(1); a waiting request costs one list node.
// Life: kept alive by its owner and by each of its connections.
#pragma once

#include <list>
#include <unordered_set>
#include <vector>

#include "agent/loop/event_loop.h"
#include "agent/loop/ref_counted.h"
#include "agent/upstream/h1_client_connection.h"
#include "agent/upstream/upstream_config.h"

namespace switchyard::agent::upstream {

class ConnectionPool final : public loop::RefCounted, private H1ClientConnection::Keeper {
 public:
  // Someone who waits for a connection.
  class Waiter {
   public:
    virtual void OnConnection(loop::Ref<H1ClientConnection> connection, bool reused) = 0;
    virtual void OnNoConnection(Cause cause) = 0;

    virtual ~Waiter() = default;

   private:
    friend class ConnectionPool;
    std::list<Waiter*>::iterator place_;
    bool waiting_ = false;
  };

  ConnectionPool(loop::EventLoop& loop, const Endpoint& backend, const PoolLimits& limits);

  enum class Answer : std::uint8_t { kNow, kConnecting, kQueued, kFull };
  // `careful`: an idle connection is looked at once more before it is used (one system call), for a request that could not be sent again if
  // the backend has closed it this very moment. kNow: OnConnection was called within. kConnecting, kQueued: exactly one of the waiter's
  // calls follows unless it is withdrawn.
  Answer Acquire(Waiter& waiter, bool careful);
  void Withdraw(Waiter& waiter);

  // New limits hold from the next decision on; connections above a lowered cap are not cut.
  void Configure(const PoolLimits& limits);
  // No longer wanted: idle connections and those that nobody waits for end now, busy ones when they are free.
  void Close();
  void CloseIdle();

  std::uint32_t connections() const { return static_cast<std::uint32_t>(all_.size()); }

 private:
  void OnConnectDone(H1ClientConnection& connection, Cause cause) override;
  void OnFree(H1ClientConnection& connection) override;
  void OnClosed(H1ClientConnection& connection) override;

  void StartConnecting();
  void ConnectForQueue();
  void Offer(loop::Ref<H1ClientConnection> connection, bool reused);
  void Forget(H1ClientConnection& connection);
  Waiter* PopWaiter();
  bool WornOut(const H1ClientConnection& connection) const;

  loop::EventLoop& loop_;
  const Endpoint backend_;
  PoolLimits limits_;
  std::unordered_set<H1ClientConnection*> all_;      // each holds one reference, see StartConnecting
  std::vector<loop::Ref<H1ClientConnection>> idle_;  // used last is at the back
  std::list<Waiter*> queue_;
  std::uint32_t connecting_ = 0;
  bool closed_ = false;
};

}  // namespace switchyard::agent::upstream
