#include "tools/yard-load/worker.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace switchyard::tools::load {
namespace asio = boost::asio;

namespace {
// Deadlines, the end of the run and connections that could not connect are looked at this often.
constexpr auto kTick = std::chrono::milliseconds(20);
}  // namespace

Worker::Worker(const Plan& plan, const std::vector<Destination>& destinations, const Clock& clock, TimePoint start, unsigned number)
    : plan_(plan),
      clock_(clock),
      context_{plan, destinations, clock, tally_, start + plan.warmup, IsIdempotent(plan.method)},
      due_(io_),
      tick_(io_) {
  tally_.Start(start + plan.warmup, plan.timeline);
  const Duration whole = plan.duration.count() > 0 ? plan.warmup + plan.duration : Duration(0);
  if (whole.count() > 0) end_ = start + whole;
  if (plan.rate > 0) schedule_.emplace(start, plan.rate, whole, number, plan.threads, plan.poisson ? std::optional(plan.seed) : std::nullopt);
  for (unsigned i = number; i < plan.connections; i += plan.threads) {
    clients_.push_back(std::make_unique<Client>(io_, context_, i, [this](Client& client, bool connected) { OnIdle(client, connected); }));
    idle_.push_back(clients_.back().get());
  }
}

void Worker::Run() {
  asio::post(io_, [this] {
    Tick();
    Feed();
  });
  io_.run();
  done.store(true);
}

void Worker::Stop() {
  asio::post(io_, [this] { EndAt(clock_.Now()); });
}

void Worker::EndAt(TimePoint end) {
  end_ = std::min(end_, end);
  if (schedule_) schedule_->EndAt(end_);
}

void Worker::Feed() {
  TimePoint now = clock_.Now();
  while (!idle_.empty() && (schedule_ ? schedule_->Due(now) : now < end_)) {
    Client* client = idle_.front();
    idle_.pop_front();
    client->Send(schedule_ ? schedule_->Take() : now);
    now = clock_.Now();
  }
  if (!schedule_ || idle_.empty() || schedule_->Exhausted()) return;
  if (armed_for_ == schedule_->next()) return;
  armed_for_ = schedule_->next();
  due_.expires_at(armed_for_);
  due_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Feed();
  });
}

void Worker::OnIdle(Client& client, bool connected) {
  if (finished_) return;
  idle_.push_back(&client);
  // After a refused connect the next try waits for the tick: nobody is served by a tight loop.
  if (connected) Feed();
}

bool Worker::Over(TimePoint now) const {
  if (now < end_) return false;
  const bool all_sent = !schedule_ || schedule_->Exhausted();
  const bool all_idle = std::none_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->busy(); });
  return (all_sent && all_idle) || now >= end_ + plan_.timeout;
}

void Worker::Tick() {
  const TimePoint now = clock_.Now();
  for (const auto& client : clients_) client->CheckDeadline(now);
  PublishLive();
  if (Over(now)) return Finish();
  Feed();
  tick_.expires_after(kTick);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void Worker::Finish() {
  finished_ = true;
  ended_ = clock_.Now();
  for (const auto& client : clients_) client->CheckDeadline(TimePoint::max());
  if (schedule_) tally_.Fail(ended_, Failure::kNotSent, schedule_->Remaining());
  PublishLive();
  io_.stop();
}

void Worker::PublishLive() {
  live_requests.store(tally_.requests(), std::memory_order_relaxed);
  live_failed.store(tally_.failed(), std::memory_order_relaxed);
}

}  // namespace switchyard::tools::load
