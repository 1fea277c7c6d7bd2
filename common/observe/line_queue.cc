#include "common/observe/line_queue.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace switchyard::observe {

struct LineQueue::State {
  explicit State(Write to) : write(std::move(to)) {}
  const Write write;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Line> lines;
  std::uint64_t dropped = 0;
  bool closing = false;
  bool ended = false;
};

LineQueue::LineQueue(Write write, Duration last_words) : state_(std::make_shared<State>(std::move(write))), last_words_(last_words) {
  std::thread([state = state_] { Run(state); }).detach();
}

LineQueue::~LineQueue() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, last_words_, [this] { return state_->ended; });
}

void LineQueue::Push(int level, std::string text) {
  const std::lock_guard lock(state_->mutex);
  if (state_->lines.size() >= kMaxLines) {
    ++state_->dropped;
    return;
  }
  state_->lines.push_back({level, std::move(text), std::exchange(state_->dropped, 0)});
  if (state_->lines.size() == 1) state_->changed.notify_all();
}

void LineQueue::Run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->closing || !state->lines.empty(); });
    if (state->lines.empty()) break;
    const Line line = std::move(state->lines.front());
    state->lines.pop_front();
    lock.unlock();
    state->write(line);
    lock.lock();
  }
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace switchyard::observe
