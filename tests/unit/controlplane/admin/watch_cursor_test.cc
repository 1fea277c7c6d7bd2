// Goal: a watcher sees every generation once and in order, from where it asked, or a clear end. Method: memory stores with a short history.
#include "controlplane/admin/watch_cursor.h"

#include <gtest/gtest.h>

#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/resources.h"

namespace switchyard::controlplane::admin {
namespace {

class WatchCursorTest : public testing::Test {
 protected:
  void Commit(int count) {
    for (int i = 0; i < count; ++i) {
      store::Transaction transaction;
      transaction.upserts = {MakeUpstream("app", "10.0.0.1:" + std::to_string(++made_))};
      ASSERT_TRUE(store_->Commit(transaction).ok());
    }
  }
  static std::uint64_t Generation(const absl::StatusOr<std::optional<v1::WatchResponse>>& next) {
    return next.ok() && next->has_value() ? (*next)->entry().generation() : 0;
  }

  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore({.generations = 2000});
  int made_ = 0;
};

TEST_F(WatchCursorTest, DeliversTheHistoryThenWhatComes) {
  Commit(3);
  WatchCursor cursor(store_.get(), 1);
  EXPECT_EQ(Generation(cursor.Next()), 2u);
  const auto third = cursor.Next();
  EXPECT_EQ(Generation(third), 3u);
  EXPECT_EQ((*third)->resources(0).upstream().backends(0).address(), "10.0.0.1:3");
  EXPECT_FALSE(cursor.Next()->has_value());
  Commit(1);
  EXPECT_EQ(Generation(cursor.Next()), 4u);
}

TEST_F(WatchCursorTest, ZeroBeginsWithTheOldestInTheHistory) {
  Commit(2010);
  WatchCursor cursor(store_.get(), 0);
  EXPECT_EQ(Generation(cursor.Next()), store_->OldestGeneration());
}

TEST_F(WatchCursorTest, ZeroOnAnEmptyStoreWaitsForTheFirst) {
  WatchCursor cursor(store_.get(), 0);
  EXPECT_FALSE(cursor.Next()->has_value());
  Commit(1);
  EXPECT_EQ(Generation(cursor.Next()), 1u);
}

TEST_F(WatchCursorTest, RefusesAGenerationThatLeftTheHistory) {
  Commit(2010);
  WatchCursor cursor(store_.get(), 5);
  EXPECT_EQ(cursor.Next().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(WatchCursorTest, RefusesAGenerationThatDoesNotExist) {
  Commit(3);
  WatchCursor cursor(store_.get(), 4);
  EXPECT_EQ(cursor.Next().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(WatchCursorTest, EndsAWatcherThatFellTooFarBehind) {
  Commit(1);
  WatchCursor cursor(store_.get(), 1);
  EXPECT_FALSE(cursor.Next()->has_value());
  Commit(static_cast<int>(WatchCursor::kMaxLag) + 1);
  EXPECT_EQ(cursor.Next().status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(WatchCursorTest, LetsAWatcherCatchUpFromFarBehind) {
  Commit(static_cast<int>(WatchCursor::kMaxLag) + 500);
  WatchCursor cursor(store_.get(), 1);
  EXPECT_EQ(Generation(cursor.Next()), 2u);
}

}  // namespace
}  // namespace switchyard::controlplane::admin
