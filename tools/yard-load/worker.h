// Worker: the connections of one thread of yard-load, and the loop that gives them requests when those are due.
// Internal to yard-load; the only user is runner.cc.
//
// Thread-safety: Run on its own thread; Stop and the live counters from any. Bounds: see Runner.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tools/yard-load/client.h"
#include "tools/yard-load/schedule.h"

namespace switchyard::tools::load {

class Worker {
 public:
  Worker(const Plan& plan, const std::vector<Destination>& destinations, const Clock& clock, TimePoint start, unsigned number);

  void Run();
  void Stop();

  std::atomic<std::uint64_t> live_requests{0};
  std::atomic<std::uint64_t> live_failed{0};
  std::atomic<bool> done{false};
  const Tally& tally() const { return tally_; }
  TimePoint ended() const { return ended_; }

 private:
  void Feed();  // gives due requests to idle clients
  void OnIdle(Client& client, bool connected);
  void Tick();
  void EndAt(TimePoint end);
  bool Over(TimePoint now) const;
  void Finish();
  void PublishLive();

  const Plan& plan_;
  const Clock& clock_;
  boost::asio::io_context io_{1};
  Tally tally_;
  ClientContext context_;
  TimePoint end_ = TimePoint::max();
  std::optional<Schedule> schedule_;  // absent in a closed loop
  std::vector<std::unique_ptr<Client>> clients_;
  std::deque<Client*> idle_;  // longest idle first, so that every connection takes its turn
  boost::asio::steady_timer due_;
  boost::asio::steady_timer tick_;
  TimePoint armed_for_{};  // what due_ waits for
  TimePoint ended_{};
  bool finished_ = false;
};

}  // namespace switchyard::tools::load
