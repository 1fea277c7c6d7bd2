#include "agent/loop/event_loop.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>

namespace switchyard::agent::loop {

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Open(const Clock& clock, std::uint64_t seed) {
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) return absl::UnavailableError(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  try {
    return std::unique_ptr<EventLoop>(new EventLoop(clock, seed, event_fd));
  } catch (const std::exception& error) {
    return absl::UnavailableError(fmt::format("cannot make an event loop: {}", error.what()));
  }
}

EventLoop::EventLoop(const Clock& clock, std::uint64_t seed, int event_fd)
    : clock_(clock),
      timers_(clock.Now()),
      random_(seed),
      scratch_(new char[kScratchBytes]),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      wake_(context_.get_executor()),
      event_(context_.get_executor(), event_fd) {}

EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  WaitInbox();
  // The driver of the wheel runs between turns: after each batch of events it fires what is due and sleeps until the next deadline.
  while (!context_.stopped()) {
    WaitTimers();
    context_.run_one();
    context_.poll();
    timers_.Advance(clock_.Now());
  }
  DrainInbox();
}

void EventLoop::WaitTimers() {
  const auto due = timers_.NextDue();
  if (!due) {
    if (wake_armed_) wake_.cancel();
    wake_armed_ = false;
    return;
  }
  if (wake_armed_ && *due == wake_at_) return;
  wake_at_ = *due;
  wake_armed_ = true;
  wake_.expires_after(std::max(Duration::zero(), *due - clock_.Now()));
  wake_.async_wait([this](const boost::system::error_code& error) {
    if (!error) wake_armed_ = false;
  });
}

void EventLoop::WaitInbox() {
  event_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(event_.native_handle(), &count, sizeof count);
    WaitInbox();
    DrainInbox();
  });
}

void EventLoop::DrainInbox() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(inbox_);
  }
  for (const auto& task : tasks) task();
}

bool EventLoop::Post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  inbox_.push_back(std::move(task));
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = write(event_.native_handle(), &one, sizeof one);
  return true;
}

void EventLoop::Stop() {
  Post([this] { context_.stop(); });
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

}  // namespace switchyard::agent::loop
