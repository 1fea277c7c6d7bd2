// HistoryWindow: which generations stay, by count and by bytes.
#include "controlplane/store/history_window.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::store {
namespace {

TEST(HistoryWindow, KeepsEverythingBelowItsLimits) {
  HistoryWindow window({.generations = 3, .bytes = 100});
  window.Add(5, 10);
  window.Add(6, 10);
  window.Add(7, 10);
  EXPECT_EQ(window.oldest(), 5u);
  EXPECT_EQ(window.newest(), 7u);
  EXPECT_EQ(window.bytes(), 30u);
}

TEST(HistoryWindow, DropsTheOldestBeyondTheNumber) {
  HistoryWindow window({.generations = 2, .bytes = 100});
  for (std::uint64_t g = 1; g <= 5; ++g) window.Add(g, 1);
  EXPECT_EQ(window.oldest(), 4u);
  EXPECT_EQ(window.bytes(), 2u);
}

TEST(HistoryWindow, DropsTheOldestBeyondTheBytes) {
  HistoryWindow window({.generations = 10, .bytes = 100});
  window.Add(1, 40);
  window.Add(2, 40);
  EXPECT_EQ(window.OldestKeptWith(3, 30), 2u);
  window.Add(3, 30);
  EXPECT_EQ(window.oldest(), 2u);
  EXPECT_EQ(window.bytes(), 70u);
}

TEST(HistoryWindow, KeepsTheNewestHoweverLarge) {
  HistoryWindow window({.generations = 10, .bytes = 100});
  window.Add(1, 40);
  window.Add(2, 1000);
  EXPECT_EQ(window.oldest(), 2u);
  EXPECT_EQ(window.newest(), 2u);
  EXPECT_EQ(window.OldestKeptWith(3, 1), 3u);
}

TEST(HistoryWindow, TakesSmallerLimitsAtTheNextAdd) {
  HistoryWindow window({.generations = 10, .bytes = 100});
  for (std::uint64_t g = 1; g <= 5; ++g) window.Add(g, 1);
  window.SetLimits({.generations = 2, .bytes = 100});
  EXPECT_EQ(window.oldest(), 1u);
  window.Add(6, 1);
  EXPECT_EQ(window.oldest(), 5u);
}

TEST(HistoryWindow, IsEmptyAtFirst) {
  const HistoryWindow window({.generations = 2, .bytes = 100});
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.oldest(), 0u);
  EXPECT_EQ(window.newest(), 0u);
  EXPECT_EQ(window.OldestKeptWith(9, 1000), 9u);
}

}  // namespace
}  // namespace switchyard::controlplane::store
