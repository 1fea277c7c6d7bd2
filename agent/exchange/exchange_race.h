// Exchange::Race: the second way of a request whose connection takes its time (RFC 8305, "happy eyeballs").
//
// Where an upstream has IPv4 and IPv6 addresses, one family may lead nowhere from this host while the other works. A request that has waited for a
// connection for kConnectionAttemptDelay also waits for one to an address of the other family. Whichever is there first takes it; the other connection goes
// into its pool when it is made, or counts as that backend's failure when it cannot be. So a broken family costs requests a quarter of a second until its
// breaker opens, and trials of the breaker cost no more. Requests with an affinity (hash, session) are not raced: theirs is one place.
//
// Life: from StartRace until one of the two ways is there or has failed. Worker only.
#pragma once

#include <chrono>

#include "agent/exchange/exchange.h"

namespace switchyard::agent::exchange {

// RFC 8305 section 8: recommended, of 100 ms to 2 s.
inline constexpr Duration kConnectionAttemptDelay = std::chrono::milliseconds(250);

class Exchange::Race final : public upstream::ConnectionPool::Waiter {
 public:
  Race(Exchange& owner, loop::Ref<upstream::BackendState> backend, loop::Ref<upstream::ConnectionPool> pool);
  // What is still under way is left to the pool, and says nothing about the backend yet.
  ~Race() override;

  // kNow: the race is won and this is gone.
  upstream::ConnectionPool::Answer Begin(bool careful) { return pool_->Acquire(*this, careful); }
  const loop::Ref<upstream::BackendState>& backend() const { return backend_; }
  const loop::Ref<upstream::ConnectionPool>& pool() const { return pool_; }
  // The attempt is the exchange's from now on.
  balancer::Ticket TakeTicket();
  void Fail(Cause cause);

 private:
  void OnStream(loop::Ref<upstream::ClientStream> stream, bool reused) override;
  void OnNoConnection(Cause cause) override;

  Exchange& owner_;
  const loop::Ref<upstream::BackendState> backend_;
  const loop::Ref<upstream::ConnectionPool> pool_;
  balancer::Ticket ticket_;
  bool open_ = true;
};

}  // namespace switchyard::agent::exchange
