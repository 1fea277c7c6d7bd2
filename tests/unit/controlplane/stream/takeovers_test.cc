// Goal: an agent that comes back is let in; two processes that fight for one name are told so. Method: times by hand.
#include "controlplane/stream/takeovers.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::stream {
namespace {
using std::chrono::seconds;

TimePoint At(int second) { return TimePoint(seconds(second)); }

TEST(Takeovers, ARestartedAgentMayTakeOver) {
  Takeovers takeovers;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(takeovers.Admit("i" + std::to_string(i), "i" + std::to_string(i + 1), At(i)));
}

TEST(Takeovers, TheSameProcessMayAlwaysComeBack) {
  Takeovers takeovers;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(takeovers.Admit("i1", "i1", At(i)));
}

TEST(Takeovers, TwoProcessesThatReplaceEachOtherAreStopped) {
  Takeovers takeovers;
  EXPECT_TRUE(takeovers.Admit("a", "b", At(1)));
  EXPECT_TRUE(takeovers.Admit("b", "a", At(2)));
  EXPECT_TRUE(takeovers.Admit("a", "b", At(3)));
  EXPECT_FALSE(takeovers.Admit("b", "a", At(4)));
}

TEST(Takeovers, AnOldFightIsForgotten) {
  Takeovers takeovers;
  takeovers.Admit("a", "b", At(1));
  takeovers.Admit("b", "a", At(2));
  takeovers.Admit("a", "b", At(3));
  EXPECT_TRUE(takeovers.Admit("b", "a", At(100)));
}

}  // namespace
}  // namespace switchyard::controlplane::stream
