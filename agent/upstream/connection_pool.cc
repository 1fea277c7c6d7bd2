#include "agent/upstream/connection_pool.h"

#include <algorithm>

namespace switchyard::agent::upstream {

using loop::Ref;

ConnectionPool::ConnectionPool(loop::EventLoop& loop, const Endpoint& backend, const PoolLimits& limits)
    : loop_(loop), backend_(backend), limits_(limits) {}

ConnectionPool::Answer ConnectionPool::Acquire(Waiter& waiter, bool careful) {
  while (!idle_.empty()) {
    Ref<H1ClientConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (!connection->idle()) continue;
    if (careful && !connection->Quiet()) {
      connection->CloseQuietly();
      Forget(*connection);
      continue;
    }
    waiter.OnConnection(std::move(connection), /*reused=*/true);
    return Answer::kNow;
  }
  const bool may_connect = all_.size() < limits_.max_connections;
  if (!may_connect && queue_.size() >= limits_.max_pending + connecting_) return Answer::kFull;
  waiter.place_ = queue_.insert(queue_.end(), &waiter);
  waiter.waiting_ = true;
  if (may_connect) StartConnecting();
  return may_connect ? Answer::kConnecting : Answer::kQueued;
}

void ConnectionPool::Withdraw(Waiter& waiter) {
  if (!waiter.waiting_) return;
  waiter.waiting_ = false;
  queue_.erase(waiter.place_);
}

ConnectionPool::Waiter* ConnectionPool::PopWaiter() {
  if (queue_.empty()) return nullptr;
  Waiter* waiter = queue_.front();
  queue_.pop_front();
  waiter->waiting_ = false;
  return waiter;
}

// The pool and each of its connections keep each other alive until the connection closes.
void ConnectionPool::StartConnecting() {
  auto* connection = new H1ClientConnection(loop_, *this);
  intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(connection));
  intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(this));
  all_.insert(connection);
  ++connecting_;
  connection->Connect(backend_, limits_.connect_timeout);
}

void ConnectionPool::Forget(H1ClientConnection& connection) {
  if (all_.erase(&connection) == 0) return;
  intrusive_ptr_release(static_cast<loop::RefCounted*>(&connection));
  intrusive_ptr_release(static_cast<loop::RefCounted*>(this));
}

void ConnectionPool::OnConnectDone(H1ClientConnection& connection, Cause cause) {
  const Ref<ConnectionPool> keep(this);
  const Ref<H1ClientConnection> keep_connection(&connection);
  --connecting_;
  if (cause == Cause::kNone) {
    Offer(keep_connection, /*reused=*/false);
    return;
  }
  Forget(connection);
  if (Waiter* waiter = PopWaiter()) waiter->OnNoConnection(cause);
  ConnectForQueue();
}

void ConnectionPool::OnFree(H1ClientConnection& connection) {
  const Ref<ConnectionPool> keep(this);
  Offer(Ref<H1ClientConnection>(&connection), /*reused=*/true);
}

bool ConnectionPool::WornOut(const H1ClientConnection& connection) const {
  return limits_.max_requests_per_connection != 0 && connection.requests() >= limits_.max_requests_per_connection;
}

void ConnectionPool::Offer(Ref<H1ClientConnection> connection, bool reused) {
  const bool over_cap = all_.size() > limits_.max_connections;
  if (WornOut(*connection) || (over_cap && reused)) {
    connection->CloseQuietly();
    Forget(*connection);
    ConnectForQueue();
    return;
  }
  if (Waiter* waiter = PopWaiter()) {
    waiter->OnConnection(std::move(connection), reused);
    return;
  }
  if (closed_ || idle_.size() >= limits_.max_idle) {
    connection->CloseQuietly();
    Forget(*connection);
    return;
  }
  connection->Park(limits_.idle_timeout);
  idle_.push_back(std::move(connection));
}

void ConnectionPool::OnClosed(H1ClientConnection& connection) {
  const Ref<ConnectionPool> keep(this);
  const auto at = std::find(idle_.begin(), idle_.end(), Ref<H1ClientConnection>(&connection));
  if (at != idle_.end()) idle_.erase(at);
  Forget(connection);
  ConnectForQueue();
}

// Places freed by closing go to those who wait.
void ConnectionPool::ConnectForQueue() {
  while (queue_.size() > connecting_ && all_.size() < limits_.max_connections) StartConnecting();
}

void ConnectionPool::Configure(const PoolLimits& limits) {
  limits_ = limits;
  while (idle_.size() > limits_.max_idle) {
    idle_.front()->CloseQuietly();
    Forget(*idle_.front());
    idle_.erase(idle_.begin());
  }
  ConnectForQueue();
}

void ConnectionPool::CloseIdle() {
  for (const auto& connection : idle_) {
    connection->CloseQuietly();
    Forget(*connection);
  }
  idle_.clear();
}

void ConnectionPool::Close() {
  const Ref<ConnectionPool> keep(this);
  closed_ = true;
  CloseIdle();
  if (!queue_.empty()) return;
  const std::vector<H1ClientConnection*> all(all_.begin(), all_.end());
  for (H1ClientConnection* connection : all) {
    if (!connection->connecting()) continue;
    connection->CloseQuietly();
    --connecting_;
    Forget(*connection);
  }
}

}  // namespace switchyard::agent::upstream
