// The real loop against the contract of common/base/loop.h: order, timers, cancelling, posting from other threads.
#include "agent/loop/control_loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace switchyard::agent::loop {
namespace {

using std::chrono::milliseconds;

TEST(ControlLoop, RunsPostedWorkInOrder) {
  ControlLoop loop;
  std::string order;
  loop.Post([&] { order += 'a'; });
  loop.Post([&] { order += 'b'; });
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(order, "ab");
}

TEST(ControlLoop, RunsTimersByTheirTime) {
  ControlLoop loop;
  std::string order;
  const auto late = loop.After(milliseconds(20), [&] {
    order += 'b';
    loop.Stop();
  });
  const auto early = loop.After(milliseconds(1), [&] { order += 'a'; });
  loop.Run();
  EXPECT_EQ(order, "ab");
}

TEST(ControlLoop, CancelsATimerThatIsAlreadyDue) {
  ControlLoop loop;
  bool ran = false;
  std::unique_ptr<Loop::Timer> second;
  // Both are due in the same turn; the first takes the second back.
  const auto first = loop.After(Duration::zero(), [&] { second.reset(); });
  second = loop.After(Duration::zero(), [&] { ran = true; });
  const auto end = loop.After(milliseconds(5), [&] { loop.Stop(); });
  loop.Run();
  EXPECT_FALSE(ran);
}

TEST(ControlLoop, TakesWorkFromOtherThreads) {
  ControlLoop loop;
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) loop.Post([&] { ++ran; });
    });
  }
  loop.RunUntil([&] { return ran == 4000; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 4000);
}

TEST(ControlLoop, HearsSignals) {
  ControlLoop loop;
  int heard = 0;
  loop.OnSignals({SIGUSR2}, [&](int signal) {
    EXPECT_EQ(signal, SIGUSR2);
    if (++heard == 2) loop.Stop();
    ::raise(SIGUSR2);
  });
  ::raise(SIGUSR2);
  loop.Run();
  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace switchyard::agent::loop
