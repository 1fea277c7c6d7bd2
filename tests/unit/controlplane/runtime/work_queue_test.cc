// Goal: the queue runs everything it accepted and refuses what it has no room for. Method: a gate holds the only thread.
#include "controlplane/runtime/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace switchyard::controlplane::runtime {
namespace {

TEST(WorkQueue, RunsTasksInOrder) {
  std::vector<int> order;
  WorkQueue queue(1, 10);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.Post([&order, i] { order.push_back(i); }));
  queue.Stop();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(WorkQueue, RefusesBeyondItsCapacity) {
  WorkQueue queue(1, 2);
  std::promise<void> started, gate;
  auto open = gate.get_future().share();
  ASSERT_TRUE(queue.Post([&started, open] {
    started.set_value();
    open.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(queue.Post([] {}));
  EXPECT_TRUE(queue.Post([] {}));
  EXPECT_FALSE(queue.Post([] {}));
  gate.set_value();
}

TEST(WorkQueue, CarriesOutWhatWaitsWhenStopped) {
  std::atomic<int> done = 0;
  WorkQueue queue(2, 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(queue.Post([&done] { ++done; }));
  queue.Stop();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(queue.Post([] {}));
}

}  // namespace
}  // namespace switchyard::controlplane::runtime
