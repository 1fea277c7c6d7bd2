// EventLoop: what every object of one worker stands on. One thread, one epoll set, one timer wheel, one source of randomness.
//
// A descriptor is registered once, edge-triggered, for as long as it is open; no system call per wait follows. A Watcher is told of each edge and
// remembers it (agent/loop/socket.h), so whoever reads or writes tries first and waits only for what would block. A turn of the loop: wait
// for events, tell the watchers, run what was put off (`Soon`), fire the timers that are due.
//
// The time is read once per turn; `Now` is the beginning of the turn, which is what deadlines and latencies of a worker are measured in.
//
// Thread-safety: `Post` and `Stop` from any thread; all else from the loop's thread. Other threads hand in work through `Post`, a queue behind an
// eventfd. Bounds: 256 events per turn; the inbox is for control messages (a few per second) and not bounded because each sender waits for
// its answer. Errors: Open fails when the kernel refuses an eventfd or epoll. Source: epoll(7), "Questions and answers", 9.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/loop/block_pool.h"
#include "agent/loop/ref_counted.h"
#include "agent/loop/timer_wheel.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/stats/exponential_histogram.h"

struct epoll_event;

namespace switchyard::agent::loop {

// Whoever a descriptor's events go to. To be forgotten before it goes.
class Watcher {
 public:
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 protected:
  Watcher() = default;
  virtual ~Watcher() = default;
  bool watched() const { return watched_; }

 private:
  friend class EventLoop;
  // `events` as in epoll_wait. The watcher may be forgotten or destroyed from within.
  virtual void OnEvents(std::uint32_t events) = 0;
  // The loop is going; nothing will come any more. References to be let go of now.
  virtual void OnLoopEnd() = 0;

  Watcher* previous_ = nullptr;
  Watcher* next_ = nullptr;
  bool watched_ = false;
};

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

  // False: the kernel refuses. The descriptor is closed by its owner, who forgets the watcher first.
  bool Watch(int fd, Watcher& watcher);
  void Forget(Watcher& watcher);
  // For a descriptor that stays open: someone else will watch it.
  void Unwatch(int fd, Watcher& watcher);

  // Runs the method later in this turn or early in the next, never from within. Keeps the object alive until then. No allocation.
  template <auto Method, class T>
  void Soon(T& object) {
    Soon(Ref<RefCounted>(&object), &object, [](void* self) { (static_cast<T*>(self)->*Method)(); });
  }
  // `call(object)`, with `keep` alive until then.
  void Soon(Ref<RefCounted> keep, void* object, void (*call)(void* object)) { soon_.push_back({std::move(keep), object, call, {}}); }
  // The same for what needs more than an object; allocates.
  void Soon(std::function<void()> task) { soon_.push_back({nullptr, nullptr, nullptr, std::move(task)}); }
  // Lets go of the reference when nobody further up the stack can be using the object.
  void Bury(Ref<RefCounted> object) {
    if (object) soon_.push_back({std::move(object), nullptr, nullptr, {}});
  }

  TimerWheel& timers() { return timers_; }
  Random& random() { return random_; }
  TimePoint Now() const { return now_; }
  // How long each turn since the last call took: what came meanwhile waited for so long.
  stats::ExponentialHistogram TakeTurns() { return std::exchange(turns_, {}); }
  const Clock& clock() const { return clock_; }

  // A buffer that anyone on this loop may use until it returns to the loop; so idle connections hold none.
  static constexpr std::size_t kScratchBytes = 65536;
  char* scratch() { return scratch_.get(); }
  BlockPool& blocks() { return blocks_; }
  // An empty list of views, to be given back; see PieceList.
  std::vector<std::string_view> TakePieces() {
    if (spare_pieces_.empty()) return {};
    std::vector<std::string_view> pieces = std::move(spare_pieces_.back());
    spare_pieces_.pop_back();
    return pieces;
  }
  void GivePieces(std::vector<std::string_view> pieces) {
    if (spare_pieces_.size() >= kSparePieces) return;
    pieces.clear();
    spare_pieces_.push_back(std::move(pieces));
  }

 private:
  static constexpr std::size_t kSparePieces = 8;
  class Inbox;
  struct Task {
    Ref<RefCounted> keep;
    void* object = nullptr;
    void (*call)(void* object) = nullptr;
    std::function<void()> function;
  };

  EventLoop(const Clock& clock, std::uint64_t seed, int epoll_fd, int event_fd);
  int WaitMillis(TimePoint now) const;
  void Tell(std::span<epoll_event> events);
  void RunSoon();
  void DrainInbox();

  const Clock& clock_;
  BlockPool blocks_;
  TimePoint now_;
  TimerWheel timers_;
  stats::ExponentialHistogram turns_;
  Random random_;
  std::unique_ptr<char[]> scratch_;
  const int epoll_fd_;
  const int event_fd_;
  Watcher* watchers_ = nullptr;
  std::span<epoll_event> telling_;  // events of this turn that were not told yet
  std::vector<Task> soon_;
  std::vector<Task> running_;
  std::vector<std::vector<std::string_view>> spare_pieces_;
  std::unique_ptr<Inbox> inbox_watcher_;
  bool stop_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> inbox_;
  bool stopped_ = false;
};

// The parts of a body that one read brought, in memory that the loop lends.
class PieceList {
 public:
  explicit PieceList(EventLoop& loop) : loop_(loop), pieces_(loop.TakePieces()) {}
  ~PieceList() { loop_.GivePieces(std::move(pieces_)); }
  PieceList(const PieceList&) = delete;
  PieceList& operator=(const PieceList&) = delete;
  std::vector<std::string_view>& operator*() { return pieces_; }

 private:
  EventLoop& loop_;
  std::vector<std::string_view> pieces_;
};

}  // namespace switchyard::agent::loop
