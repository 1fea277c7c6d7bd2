// LineQueue: lines on their way to a place that may block, written by a thread of their own.
//
// Standard error may be a pipe that nobody reads or a disk that hangs; whoever logs must not wait for it, least of all a worker with
// traffic. Thread-safety: Push from any thread. Cost: a lock, a move and at most one wake-up. Bounds: kMaxLines lines wait; a line that finds no
// room is dropped and counted, and the count is told to `write` as soon as there is room again. At the end it waits kLastWords for what
// is left, then gives up, so that a blocked reader cannot keep a process from ending.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"

namespace switchyard::observe {

class LineQueue {
 public:
  static constexpr std::size_t kMaxLines = 4096;
  static constexpr Duration kLastWords = std::chrono::seconds(1);

  struct Line {
    int level = 0;
    std::string text;
    std::uint64_t dropped_before = 0;
  };
  // Called on the queue's thread, one line at a time; may outlive the queue by one call if that call blocks.
  using Write = std::function<void(const Line& line)>;

  explicit LineQueue(Write write, Duration last_words = kLastWords);
  ~LineQueue();
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  void Push(int level, std::string text);

 private:
  // Shared with the thread, which may be blocked in `write` when the queue goes.
  struct State;
  static void Run(const std::shared_ptr<State>& state);
  const std::shared_ptr<State> state_;
  const Duration last_words_;
};

}  // namespace switchyard::observe
