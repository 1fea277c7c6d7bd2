// EventLoop: what every object of one worker stands on. One thread, one io_context, one timer wheel, one source of randomness.
//
// The io_context runs without locks (BOOST_ASIO_CONCURRENCY_HINT_UNSAFE): nobody but its own thread may touch it. Other threads hand in
// work through `Post`, a queue behind an eventfd.
//
// Thread-safety: `Post` and `Stop` from any thread; all else from the loop's thread. Bounds: the inbox is for control messages (a few per second);
// it is not bounded because each sender waits for its answer. Errors: Open fails when the kernel refuses an eventfd or epoll.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/loop/timer_wheel.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::agent::loop {

using Executor = boost::asio::io_context::executor_type;

class EventLoop {
 public:
  // `clock` must outlive the loop.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Open(const Clock& clock, std::uint64_t seed);
  ~EventLoop();

  // Runs until Stop. Called once, by the loop's thread.
  void Run();
  void Stop();
  // Runs `task` on the loop's thread. False (and `task` dropped) after Stop.
  bool Post(std::function<void()> task);

  Executor executor() { return context_.get_executor(); }
  TimerWheel& timers() { return timers_; }
  Random& random() { return random_; }
  TimePoint Now() const { return clock_.Now(); }
  const Clock& clock() const { return clock_; }

  // A buffer that anyone on this loop may use until it returns to the loop; so idle connections hold none.
  static constexpr std::size_t kScratchBytes = 65536;
  char* scratch() { return scratch_.get(); }

 private:
  EventLoop(const Clock& clock, std::uint64_t seed, int event_fd);
  void WaitInbox();
  void DrainInbox();
  void WaitTimers();

  // What handlers that die with the io_context may still touch stands before it.
  const Clock& clock_;
  TimerWheel timers_;
  Random random_;
  std::unique_ptr<char[]> scratch_;
  boost::asio::io_context context_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor> wake_;
  TimePoint wake_at_{};
  bool wake_armed_ = false;
  boost::asio::posix::basic_stream_descriptor<Executor> event_;
  std::mutex mutex_;
  std::vector<std::function<void()>> inbox_;
  bool stopped_ = false;
};

}  // namespace switchyard::agent::loop
