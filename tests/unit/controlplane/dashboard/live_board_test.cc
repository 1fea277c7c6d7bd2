// Goal: however many watch a target, it is read once a beat and told once, and only when it changed. Method: watchers by hand.
#include "controlplane/dashboard/live_board.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::dashboard {
namespace {

class FakeWatcher final : public Watcher {
 public:
  void Send(const Frame& frame) override { frames.push_back(frame); }
  bool Holds() override { return holds; }
  std::vector<Frame> frames;
  bool holds = true;
};

class LiveBoardTest : public testing::Test {
 protected:
  LiveBoard board_{[this](const std::string& target, std::function<void(LiveBoard::Text)> done) {
                     ++reads_[target];
                     if (slow_) return pending_.push_back(std::move(done));
                     done(std::make_shared<const std::string>(text_));
                   },
                   [](std::function<void()> task) { task(); }};
  std::map<std::string, int> reads_;
  std::string text_ = "1";
  bool slow_ = false;
  std::vector<std::function<void(LiveBoard::Text)>> pending_;
};

TEST_F(LiveBoardTest, TenWatchersShareOneReadAndOneFrame) {
  std::vector<std::shared_ptr<FakeWatcher>> watchers;
  for (int i = 0; i < 10; ++i) {
    watchers.push_back(std::make_shared<FakeWatcher>());
    ASSERT_TRUE(board_.Add(watchers.back(), {"/api/overview"}));
  }
  EXPECT_EQ(reads_["/api/overview"], 1) << "who comes later gets the last frame";
  text_ = "2";
  board_.Beat();
  EXPECT_EQ(reads_["/api/overview"], 2);
  for (const auto& watcher : watchers) {
    ASSERT_EQ(watcher->frames.size(), 2u);
    EXPECT_EQ(watcher->frames[1], watchers[0]->frames[1]) << "the same bytes, not a copy";
    EXPECT_EQ(*watcher->frames[1], "event: /api/overview\ndata: 2\n\n");
  }
  board_.Beat();
  EXPECT_EQ(watchers[0]->frames.size(), 2u) << "nothing changed";
}

TEST_F(LiveBoardTest, ASlowReadIsNotJoinedByASecond) {
  slow_ = true;
  const auto watcher = std::make_shared<FakeWatcher>();
  ASSERT_TRUE(board_.Add(watcher, {"/a"}));
  board_.Beat();
  board_.Beat();
  EXPECT_EQ(reads_["/a"], 1);
  pending_[0](nullptr);
  board_.Beat();
  EXPECT_EQ(reads_["/a"], 2) << "after a failure it is asked again";
}

TEST_F(LiveBoardTest, WhoMayNoLongerWatchIsRemoved) {
  const auto watcher = std::make_shared<FakeWatcher>();
  ASSERT_TRUE(board_.Add(watcher, {"/a"}));
  watcher->holds = false;
  text_ = "2";
  board_.Beat();
  EXPECT_EQ(board_.watchers(), 0u);
  EXPECT_EQ(watcher->frames.size(), 1u);
  EXPECT_EQ(reads_["/a"], 1) << "nobody watches it any more";
}

TEST_F(LiveBoardTest, AnswersOfAnEarlierWatchDoNoHarm) {
  slow_ = true;
  const auto watcher = std::make_shared<FakeWatcher>();
  ASSERT_TRUE(board_.Add(watcher, {"/a"}));
  board_.Remove(watcher.get());
  pending_[0](std::make_shared<const std::string>("late"));
  EXPECT_TRUE(watcher->frames.empty());
}

TEST_F(LiveBoardTest, TakesNoMoreThanItsBound) {
  std::vector<std::shared_ptr<FakeWatcher>> watchers;
  for (std::size_t i = 0; i < kMaxWatchers; ++i) {
    watchers.push_back(std::make_shared<FakeWatcher>());
    ASSERT_TRUE(board_.Add(watchers.back(), {"/a"}));
  }
  EXPECT_FALSE(board_.Add(std::make_shared<FakeWatcher>(), {"/a"}));
}

}  // namespace
}  // namespace switchyard::controlplane::dashboard
