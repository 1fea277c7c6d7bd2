#include "agent/upstream/load_board.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "agent/codec/endpoint_load.h"

namespace switchyard::agent::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));

// What a peer reads of what is told.
codec::EndpointLoad Told(LoadBoard& board, TimePoint now, double capacity = 0) {
  std::string text;
  board.Tell(now, capacity, text);
  const auto load = codec::ReadEndpointLoad(text);
  EXPECT_TRUE(load.has_value()) << text;
  return load.value_or(codec::EndpointLoad());
}

TEST(LoadBoard, TellsWhatIsInFlightFromEverybody) {
  LoadBoard board;
  for (int i = 0; i < 3; ++i) board.Entered();
  board.Left(false);
  const codec::EndpointLoad load = Told(board, kStart);
  EXPECT_EQ(load.in_flight, 2);
  EXPECT_LT(load.requests_per_second, 0) << "a rate needs time";
  EXPECT_LT(load.utilization(), 0) << "nobody said what it can take";
}

TEST(LoadBoard, TellsTheRatesOfTheLastSecond) {
  LoadBoard board;
  Told(board, kStart);
  for (int i = 0; i < 100; ++i) {
    board.Entered();
    board.Left(/*failed=*/i % 10 == 0);
  }
  EXPECT_LT(Told(board, kStart + milliseconds(900)).requests_per_second, 0);
  const codec::EndpointLoad load = Told(board, kStart + seconds(2));
  EXPECT_EQ(load.requests_per_second, 50);
  EXPECT_EQ(load.errors_per_second, 5);
  EXPECT_EQ(Told(board, kStart + seconds(4)).requests_per_second, 0);
}

TEST(LoadBoard, TellsTheShareOfACapacityThatIsKnown) {
  LoadBoard board;
  for (int i = 0; i < 6; ++i) board.Entered();
  EXPECT_NEAR(Told(board, kStart, 8).utilization(), 0.75, 0.001);
}

TEST(LoadBoard, CountsEveryWorkersAttempts) {
  LoadBoard board;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&board] {
      std::string text;
      for (int i = 0; i < 1000; ++i) {
        board.Entered();
        board.Tell(kStart + milliseconds(i), 0, text);
        if (i % 2 == 0) board.Left(false);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(Told(board, kStart + seconds(9)).in_flight, 2000);
}

}  // namespace
}  // namespace switchyard::agent::upstream
