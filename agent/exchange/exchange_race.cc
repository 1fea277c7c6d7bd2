#include "agent/exchange/exchange_race.h"

#include <utility>

#include "agent/exchange/redispatch.h"

namespace switchyard::agent::exchange {

using loop::Ref;
using upstream::ConnectionPool;

Exchange::Race::Race(Exchange& owner, Ref<upstream::BackendState> backend, Ref<ConnectionPool> pool)
    : owner_(owner), backend_(std::move(backend)), pool_(std::move(pool)), ticket_(backend_->AttemptStarted(owner.asker())) {}

Exchange::Race::~Race() {
  pool_->Abandon(*this);
  if (open_) backend_->AttemptEnded(ticket_, {}, owner_.asker());
}

balancer::Ticket Exchange::Race::TakeTicket() {
  open_ = false;
  return ticket_;
}

void Exchange::Race::Fail(Cause cause) {
  open_ = false;
  ++backend_->window().failures[CauseIndex(cause)];
  backend_->AttemptEnded(ticket_, {breaker::OutcomeOf(cause), {}}, owner_.asker());
}

void Exchange::Race::OnStream(Ref<upstream::ClientStream> stream, bool) { owner_.RaceWon(std::move(stream)); }

void Exchange::Race::OnNoConnection(Cause cause) { owner_.RaceFailed(cause); }

bool Exchange::MayRace() const {
  return upstream_->has_both_families() && !affinity_.key && affinity_.session == balancer::kNone && pool_->connecting() > 0;
}

void Exchange::StartRace() {
  race_due_ = false;
  SetTimer(waits_until_);
  upstream::BackendState* other = upstream_->PickOtherFamily(*backend_, route_->id);
  if (other == nullptr) return;
  Ref<ConnectionPool> pool = PoolOf(*other);
  if (!pool) return;
  race_ = std::make_unique<Race>(*this, Ref<upstream::BackendState>(other), std::move(pool));
  if (race_->Begin(/*careful=*/!IsIdempotent(head_.method)) == ConnectionPool::Answer::kFull) race_.reset();
}

// The other family is there first.
void Exchange::RaceWon(Ref<upstream::ClientStream> stream) {
  const std::unique_ptr<Race> race = std::move(race_);
  pool_->Abandon(*this);
  backend_->AttemptEnded(ticket_, {}, asker());
  backend_ = race->backend();
  pool_ = race->pool();
  ticket_ = race->TakeTicket();
  OnStream(std::move(stream), /*reused=*/false);
}

// The first way is still open.
void Exchange::RaceFailed(Cause cause) {
  const std::unique_ptr<Race> race = std::move(race_);
  race->Fail(cause);
}

// The first way is not; the race's goes on as the attempt.
void Exchange::GoOnWithRace(Cause cause) {
  const std::unique_ptr<Race> race = std::move(race_);
  ++backend_->window().failures[CauseIndex(cause)];
  backend_->AttemptEnded(ticket_, {breaker::OutcomeOf(cause), {}}, asker());
  backend_ = race->backend();
  pool_ = race->pool();
  ticket_ = race->TakeTicket();
  pool_->Replace(*race, *this);
  SetTimer(loop_.Now() + (waits_until_ - attempt_began_));
}

}  // namespace switchyard::agent::exchange
