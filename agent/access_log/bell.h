// Bell: how workers wake the press, seldom enough that it costs them nothing.
//
// The press works, naps (more lines are likely; it looks again soon) or sleeps (nobody has put anything for a while). A worker that has put
// a line looks at one atomic; only where the press sleeps, or naps while the memory fills, it makes one system call, which does not block.
// Thread-safety: any thread rings; one thread waits. Errors: without an eventfd Open fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::agent::access_log {

class Bell {
 public:
  static absl::StatusOr<std::unique_ptr<Bell>> Open();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // There is something. `much`: so much that a nap should end.
  void Tell(bool much) {
    const State state = state_.load(std::memory_order_seq_cst);
    if (state == State::kAtWork || (state == State::kNaps && !much)) return;
    Ring();
  }
  void Ring();

  enum class Rest : std::uint8_t { kNap, kSleep };
  // Before the last look at what there is; whoever puts something after this rings.
  void LieDown(Rest rest) { state_.store(rest == Rest::kNap ? State::kNaps : State::kSleeps, std::memory_order_seq_cst); }
  // Until it rings, or `longest` is over (a sleep has no end).
  void Wait(Rest rest, Duration longest);
  void GetUp() { state_.store(State::kAtWork, std::memory_order_seq_cst); }

 private:
  enum class State : std::uint8_t { kAtWork, kNaps, kSleeps };
  explicit Bell(int fd) : fd_(fd) {}

  const int fd_;
  std::atomic<State> state_{State::kAtWork};
};

}  // namespace switchyard::agent::access_log
