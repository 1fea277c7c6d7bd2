#include "agent/loop/event_loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

namespace switchyard::agent::loop {
namespace {

constexpr std::size_t kEventsPerTurn = 256;

}  // namespace

class EventLoop::Inbox final : public Watcher {
 public:
  explicit Inbox(EventLoop& loop) : loop_(loop) {}

 private:
  void OnEvents(std::uint32_t) override { loop_.DrainInbox(); }
  void OnLoopEnd() override {}

  EventLoop& loop_;
};

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Open(const Clock& clock, std::uint64_t seed) {
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) return absl::UnavailableError(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) {
    const int error = errno;
    close(event_fd);
    return absl::UnavailableError(fmt::format("cannot make an epoll set: {}", std::strerror(error)));
  }
  std::unique_ptr<EventLoop> loop(new EventLoop(clock, seed, epoll_fd, event_fd));
  if (!loop->Watch(event_fd, *loop->inbox_watcher_)) {
    return absl::UnavailableError(fmt::format("cannot watch an eventfd: {}", std::strerror(errno)));
  }
  return loop;
}

EventLoop::EventLoop(const Clock& clock, std::uint64_t seed, int epoll_fd, int event_fd)
    : clock_(clock),
      now_(clock.Now()),
      timers_(now_),
      random_(seed),
      scratch_(new char[kScratchBytes]),
      epoll_fd_(epoll_fd),
      event_fd_(event_fd),
      inbox_watcher_(new Inbox(*this)) {}

// What waits keeps itself alive until here; each that goes may take others with it.
EventLoop::~EventLoop() {
  while (watchers_ != nullptr) {
    Watcher& watcher = *watchers_;
    Forget(watcher);
    watcher.OnLoopEnd();
  }
  while (!soon_.empty()) {
    const std::vector<Task> dropped = std::exchange(soon_, {});
  }
  close(epoll_fd_);
  close(event_fd_);
}

void EventLoop::Run() {
  std::array<epoll_event, kEventsPerTurn> events;
  TimePoint turned = clock_.Now();
  while (!stop_) {
    const int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), WaitMillis(turned));
    now_ = clock_.Now();
    if (count > 0) Tell(std::span(events).first(static_cast<std::size_t>(count)));
    RunSoon();
    timers_.Advance(now_);
    turned = clock_.Now();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(turned - now_).count();
    turns_.Record(static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0)));
  }
  DrainInbox();
}

int EventLoop::WaitMillis(TimePoint now) const {
  if (!soon_.empty()) return 0;
  const auto due = timers_.NextDue();
  if (!due) return -1;
  const Duration left = *due - now;
  if (left <= Duration::zero()) return 0;
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<std::int64_t>(millis, std::numeric_limits<int>::max()));
}

void EventLoop::Tell(std::span<epoll_event> events) {
  telling_ = events;
  while (!telling_.empty()) {
    const epoll_event event = telling_.front();
    telling_ = telling_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->OnEvents(event.events);
  }
}

void EventLoop::RunSoon() {
  running_.swap(soon_);
  for (const Task& task : running_) {
    if (task.call != nullptr) task.call(task.object);
    if (task.function) task.function();
  }
  running_.clear();
}

bool EventLoop::Watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  watcher.watched_ = true;
  watcher.previous_ = nullptr;
  watcher.next_ = watchers_;
  if (watchers_ != nullptr) watchers_->previous_ = &watcher;
  watchers_ = &watcher;
  return true;
}

void EventLoop::Forget(Watcher& watcher) {
  if (!watcher.watched_) return;
  watcher.watched_ = false;
  (watcher.previous_ != nullptr ? watcher.previous_->next_ : watchers_) = watcher.next_;
  if (watcher.next_ != nullptr) watcher.next_->previous_ = watcher.previous_;
  for (epoll_event& event : telling_) {
    if (event.data.ptr == &watcher) event.data.ptr = nullptr;
  }
}

void EventLoop::Unwatch(int fd, Watcher& watcher) {
  Forget(watcher);
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::DrainInbox() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(event_fd_, &count, sizeof count);
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
  [[maybe_unused]] const ssize_t put = write(event_fd_, &one, sizeof one);
  return true;
}

void EventLoop::Stop() {
  Post([this] { stop_ = true; });
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

}  // namespace switchyard::agent::loop
