#include "agent/upstream/connection_pool.h"

#include <algorithm>
#include <utility>

#include "agent/upstream/h1_client_connection.h"
#include "agent/upstream/h2_client_connection.h"

namespace switchyard::agent::upstream {
namespace {

// After a connection made ahead has failed or ended the next try waits, so that a backend that is down is not hammered.
constexpr Duration kWarmAgain = std::chrono::seconds(1);
// Ages and waits are cut by up to a tenth, so that connections made together do not end together.
constexpr std::uint64_t kJitterPart = 10;

}  // namespace

using loop::Ref;

ConnectionPool::ConnectionPool(loop::EventLoop& loop, const Endpoint& backend, const PoolLimits& limits, std::string preface)
    : loop_(loop), backend_(backend), preface_(std::move(preface)), limits_(limits), warm_again_(loop.timers(), *this) {}

ConnectionPool::Answer ConnectionPool::Acquire(Waiter& waiter, bool careful) {
  while (!open_.empty()) {
    const Ref<ClientConnection> connection = open_.back();
    if (connection->room() == 0 || !Speaks(*connection)) {
      Unlist(*connection);
      continue;
    }
    if (connection->streams() == 0 && (!MayServe(*connection) || (careful && !connection->Quiet()))) {
      End(*connection);
      WarmLater();
      continue;
    }
    const bool reused = connection->requests() > 0;
    CountIdle(*connection, false);
    Ref<ClientStream> stream = connection->Take();
    if (connection->room() == 0) Unlist(*connection);
    waiter.OnStream(std::move(stream), reused);
    return Answer::kNow;
  }
  const bool may_connect = all_.size() < limits_.max_connections;
  if (!may_connect && queue_.size() >= limits_.max_pending + Expected()) return Answer::kFull;
  waiter.place_ = queue_.insert(queue_.end(), &waiter);
  waiter.waiting_ = true;
  if (!may_connect || Expected() >= queue_.size()) return Answer::kQueued;
  StartConnecting();
  return Answer::kConnecting;
}

void ConnectionPool::Withdraw(Waiter& waiter) {
  if (!waiter.waiting_) return;
  waiter.waiting_ = false;
  queue_.erase(waiter.place_);
}

void ConnectionPool::Abandon(Waiter& waiter) {
  if (!waiter.waiting_) return;
  Withdraw(waiter);
  abandoned_ = std::min(abandoned_ + 1, connecting_);
}

void ConnectionPool::Replace(Waiter& waiter, Waiter& heir) {
  *waiter.place_ = &heir;
  heir.place_ = waiter.place_;
  heir.waiting_ = std::exchange(waiter.waiting_, false);
}

ConnectionPool::Waiter* ConnectionPool::PopWaiter() {
  if (queue_.empty()) return nullptr;
  Waiter* waiter = queue_.front();
  queue_.pop_front();
  waiter->waiting_ = false;
  return waiter;
}

Ref<ClientConnection> ConnectionPool::MakeConnection() {
  if (http2()) return Ref<ClientConnection>(new H2ClientConnection(loop_, *this, expected_streams_));
  return Ref<ClientConnection>(new H1ClientConnection(loop_, *this));
}

std::size_t ConnectionPool::Expected() const { return std::size_t{connecting_} * (http2() ? expected_streams_ : 1); }

// The pool and each of its connections keep each other alive until the connection closes.
void ConnectionPool::StartConnecting() {
  const bool http2 = this->http2();
  const Ref<ClientConnection> connection = MakeConnection();
  intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(connection.get()));
  intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(this));
  connection->http2_ = http2;
  all_.insert(connection.get());
  ++connecting_;
  connection->epoch_ = epoch_;
  connection->Connect({backend_, limits_.connect_timeout, limits_.tls, &session_, preface_, limits_.socket});
}

// Places freed by closing go to those who wait.
void ConnectionPool::ConnectForQueue() {
  while (queue_.size() > Expected() && all_.size() < limits_.max_connections) StartConnecting();
}

void ConnectionPool::CountIdle(ClientConnection& connection, bool idle) {
  if (std::exchange(connection.idle_, idle) == idle) return;
  if (idle) {
    ++idle_;
  } else {
    --idle_;
  }
}

void ConnectionPool::Forget(ClientConnection& connection) {
  Unlist(connection);
  CountIdle(connection, false);
  if (all_.erase(&connection) == 0) return;
  intrusive_ptr_release(static_cast<loop::RefCounted*>(&connection));
  intrusive_ptr_release(static_cast<loop::RefCounted*>(this));
}

void ConnectionPool::End(ClientConnection& connection) {
  const Ref<ClientConnection> keep(&connection);
  connection.CloseQuietly();
  Forget(connection);
}

void ConnectionPool::List(const Ref<ClientConnection>& connection) {
  if (connection->listed_) return;
  connection->listed_ = true;
  open_.push_back(connection);
}

void ConnectionPool::Unlist(ClientConnection& connection) {
  if (!connection.listed_) return;
  connection.listed_ = false;
  if (open_.back().get() == &connection) return open_.pop_back();
  const auto at = std::find(open_.begin(), open_.end(), &connection);
  if (at != open_.end()) open_.erase(at);
}

void ConnectionPool::OnConnectDone(ClientConnection& connection, Cause cause) {
  const Ref<ConnectionPool> keep(this);
  const Ref<ClientConnection> keep_connection(&connection);
  std::size_t counted_on_it = Expected();
  --connecting_;
  counted_on_it -= Expected();
  // What was abandoned is told of when nobody else is.
  const bool unheard = cause != Cause::kNone && queue_.empty() && abandoned_ > 0;
  abandoned_ = std::min(abandoned_ - (unheard ? 1U : 0U), connecting_);
  if (cause == Cause::kNone) {
    if (limits_.max_age > Duration::zero()) connection.retire_at_ = loop_.Now() + Jittered(limits_.max_age);
    return Offer(keep_connection);
  }
  Forget(connection);
  if (connection.chose_other_version() && limits_.may_speak_http1) return TakeVersion(connection);
  WarmLater();
  if (unheard && unheard_) unheard_(cause);
  for (counted_on_it = std::min(counted_on_it, queue_.size()); counted_on_it > 0; --counted_on_it) {
    if (Waiter* waiter = PopWaiter()) waiter->OnNoConnection(cause);
  }
  ConnectForQueue();
}

// Those who wait go on waiting, for a connection of the version that the backend chose.
void ConnectionPool::TakeVersion(ClientConnection& connection) {
  http1_until_ = connection.http2_ ? loop_.Now() + kHttp1Remembered : TimePoint();
  ConnectForQueue();
  WarmLater();
}

void ConnectionPool::OnRoom(ClientConnection& connection) {
  const Ref<ConnectionPool> keep(this);
  // Further connections will hardly be allowed more.
  if (connection.http2_) expected_streams_ = std::max(1U, connection.capacity());
  Offer(Ref<ClientConnection>(&connection));
}

bool ConnectionPool::MayServe(const ClientConnection& connection) const {
  if (connection.retire_at_ != TimePoint() && loop_.Now() >= connection.retire_at_) return false;
  if (connection.epoch_ != epoch_) return false;
  if (!Speaks(connection)) return false;
  if (limits_.max_requests_per_connection != 0 && connection.requests() >= limits_.max_requests_per_connection) return false;
  return all_.size() <= limits_.max_connections || connection.requests() == 0;
}

void ConnectionPool::Offer(const Ref<ClientConnection>& connection) {
  while (MayServe(*connection) && connection->room() > 0 && !queue_.empty()) {
    const bool reused = connection->requests() > 0;
    CountIdle(*connection, false);
    PopWaiter()->OnStream(connection->Take(), reused);
  }
  if (!MayServe(*connection)) {
    if (connection->streams() == 0) {
      End(*connection);
    } else {
      connection->Retire();
      Unlist(*connection);
    }
    ConnectForQueue();
    return WarmLater();
  }
  if (connection->room() == 0) return Unlist(*connection);
  if (connection->streams() == 0) {
    const std::size_t others = open_.size() - (connection->listed_ ? 1 : 0);
    if (closed_ || others >= limits_.max_idle) {
      End(*connection);
      return WarmLater();
    }
    connection->Park(IdleTime(*connection));
    CountIdle(*connection, true);
  }
  List(connection);
}

void ConnectionPool::OnClosed(ClientConnection& connection) {
  const Ref<ConnectionPool> keep(this);
  Forget(connection);
  ConnectForQueue();
  WarmLater();
}

Duration ConnectionPool::Jittered(Duration whole) {
  const auto most = static_cast<std::uint64_t>(whole.count()) / kJitterPart;
  return whole - Duration(static_cast<std::int64_t>(loop_.random().Below(most + 1)));
}

// Not longer than it may live.
Duration ConnectionPool::IdleTime(const ClientConnection& connection) const {
  if (connection.retire_at_ == TimePoint()) return limits_.idle_timeout;
  return std::min(limits_.idle_timeout, std::max(Duration::zero(), connection.retire_at_ - loop_.Now()));
}

void ConnectionPool::Warm() {
  while (!closed_ && all_.size() < std::min(limits_.min_idle, limits_.max_connections)) StartConnecting();
}

void ConnectionPool::WarmLater() {
  if (!closed_ && all_.size() < limits_.min_idle && !warm_again_.armed()) warm_again_.Set(loop_.Now() + Jittered(kWarmAgain));
}

void ConnectionPool::OnTimer(loop::Timer&) {
  const Ref<ConnectionPool> keep(this);
  Warm();
}

// What was made under other TLS settings serves nobody any more; a new version of a Secret alone ends nothing.
void ConnectionPool::TakeTls(const std::shared_ptr<const UpstreamTls>& tls) {
  if (tls == limits_.tls) return;
  session_.Forget();
  const std::string_view before = limits_.tls == nullptr ? std::string_view() : limits_.tls->settings;
  if (before == (tls == nullptr ? std::string_view() : tls->settings)) return;
  ++epoch_;
  const std::vector<Ref<ClientConnection>> all = open_;
  for (const auto& connection : all) {
    if (connection->streams() == 0) {
      End(*connection);
    } else {
      connection->Retire();
      Unlist(*connection);
    }
  }
}

void ConnectionPool::Configure(const PoolLimits& limits) {
  TakeTls(limits.tls);
  const bool other_protocol = limits.http2 != limits_.http2 || limits.may_speak_http1 != limits_.may_speak_http1;
  if (other_protocol) http1_until_ = TimePoint();
  limits_ = limits;
  if (other_protocol) CloseIdle();
  for (std::size_t i = 0; i < open_.size() && open_.size() > limits_.max_idle;) {
    if (open_[i]->streams() == 0) {
      End(*open_[i]);
    } else {
      ++i;
    }
  }
  ConnectForQueue();
  Warm();
}

void ConnectionPool::CloseIdle() {
  const std::vector<Ref<ClientConnection>> all = open_;
  for (const auto& connection : all) {
    if (connection->streams() == 0) End(*connection);
  }
}

void ConnectionPool::Close() {
  const Ref<ConnectionPool> keep(this);
  closed_ = true;
  CloseIdle();
  if (!queue_.empty()) return;
  const std::vector<ClientConnection*> all(all_.begin(), all_.end());
  for (ClientConnection* connection : all) {
    // Whoever had a request here is gone by now; over HTTP/2 only its reset is still to be sent.
    if (!connection->connecting() && !connection->http2_) continue;
    if (connection->connecting()) --connecting_;
    End(*connection);
  }
}

}  // namespace switchyard::agent::upstream
