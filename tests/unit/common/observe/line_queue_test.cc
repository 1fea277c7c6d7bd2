// The writer is held by a promise instead of a pipe, so that "blocked" is certain and nothing depends on time.
#include "common/observe/line_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <vector>

namespace switchyard::observe {
namespace {

struct Written {
  std::mutex mutex;
  std::vector<LineQueue::Line> lines;
};

TEST(LineQueue, WritesInOrderAndEverythingBeforeItEnds) {
  Written written;
  {
    LineQueue queue([&](const LineQueue::Line& line) {
      const std::lock_guard lock(written.mutex);
      written.lines.push_back(line);
    });
    for (int i = 0; i < 1000; ++i) queue.Push(i, std::to_string(i));
  }
  ASSERT_EQ(written.lines.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(written.lines[static_cast<std::size_t>(i)].text, std::to_string(i));
}

TEST(LineQueue, DropsAndCountsWhileTheWriterIsBlocked) {
  std::promise<void> entered;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  Written written;
  {
    bool first = true;
    LineQueue queue([&](const LineQueue::Line& line) {
      if (std::exchange(first, false)) {
        entered.set_value();
        released.wait();
      }
      const std::lock_guard lock(written.mutex);
      written.lines.push_back(line);
    });
    queue.Push(0, "first");
    entered.get_future().wait();
    for (std::size_t i = 0; i < LineQueue::kMaxLines + 7; ++i) queue.Push(0, "more");
    release.set_value();
    // The next line that finds room says how many did not.
    while (true) {
      const std::lock_guard lock(written.mutex);
      if (written.lines.size() > 1) break;
    }
    queue.Push(0, "after");
  }
  ASSERT_EQ(written.lines.size(), LineQueue::kMaxLines + 2);
  EXPECT_EQ(written.lines.back().text, "after");
  EXPECT_EQ(written.lines.back().dropped_before, 7U);
}

TEST(LineQueue, EndsAlthoughTheWriterIsBlocked) {
  // Shared with the thread, which outlives the queue here.
  const auto entered = std::make_shared<std::promise<void>>();
  const auto release = std::make_shared<std::promise<void>>();
  const auto left = std::make_shared<std::promise<void>>();
  {
    LineQueue queue(
        [entered, release, left](const LineQueue::Line&) {
          entered->set_value();
          release->get_future().wait();
          left->set_value();
        },
        std::chrono::milliseconds(1));
    queue.Push(0, "stuck");
    entered->get_future().wait();
  }
  release->set_value();
  left->get_future().wait();
}

}  // namespace
}  // namespace switchyard::observe
