// Goal: one stream per node, facts that outlive it within bounds, and waiters that are called exactly once. Method: fake sessions, timers
// moved by hand.
#include "controlplane/stream/session_registry.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/manual_timers.h"
#include "tests/unit/controlplane/stream/fake_session.h"

namespace switchyard::controlplane::stream {
namespace {
using std::chrono::seconds;

class SessionRegistryTest : public testing::Test {
 protected:
  SessionFacts Facts(const std::string& node, std::uint64_t served, const std::string& instance = "i1") {
    SessionFacts facts;
    facts.node = node;
    facts.instance = instance;
    facts.served_generation = served;
    facts.revision = ++revision_;
    return facts;
  }
  std::shared_ptr<FakeSession> Connect(const std::string& node, std::uint64_t served, const std::string& instance = "i1") {
    auto session = std::make_shared<FakeSession>(node);
    EXPECT_TRUE(registry_.Attach(session, Facts(node, served, instance)).ok());
    return session;
  }
  SessionRegistry::WaiterId Wait(std::uint64_t generation) {
    const auto id = registry_.WaitFor(generation, clock_.WallNow(), seconds(30), [this](v1::Convergence c) { answers_.push_back(c); });
    EXPECT_TRUE(id.ok());
    return id.value_or(0);
  }

  ManualClock clock_;
  ManualTimers timers_{&clock_};
  SessionRegistry registry_{&clock_, &timers_, {.max_agents = 4, .max_waiters = 3}};
  std::vector<v1::Convergence> answers_;
  std::uint64_t revision_ = 0;
};

TEST_F(SessionRegistryTest, ANewerStreamEndsTheOlderWithAborted) {
  const auto older = Connect("a", 1);
  const auto newer = Connect("a", 1, "i2");
  EXPECT_EQ(older->end.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(newer->end.ok());
  EXPECT_EQ(registry_.counts().connected, 1u);
}

TEST_F(SessionRegistryTest, AReplacedStreamChangesNothingAnyMore) {
  const auto older = Connect("a", 1);
  Connect("a", 2, "i2");
  registry_.Update(*older, Facts("a", 9));
  EXPECT_FALSE(registry_.Detach(*older, Facts("a", 9)));
  EXPECT_EQ(registry_.List("", 1)[0].facts.served_generation, 2u);
  EXPECT_TRUE(registry_.List("", 1)[0].connected);
}

TEST_F(SessionRegistryTest, TwoProcessesWithOneNameAreReported) {
  Connect("a", 1, "x");
  Connect("a", 1, "y");
  Connect("a", 1, "x");
  Connect("a", 1, "y");
  const auto status = registry_.Attach(std::make_shared<FakeSession>("a"), Facts("a", 1, "x"));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(SessionRegistryTest, ALateCopyOfFactsDoesNotOverwriteANewerOne) {
  const auto session = Connect("a", 1);
  const auto late = Facts("a", 2);
  registry_.Update(*session, Facts("a", 3));
  registry_.Update(*session, late);
  EXPECT_EQ(registry_.List("", 1)[0].facts.served_generation, 3u);
}

TEST_F(SessionRegistryTest, KeepsTheLastFactsOfADisconnectedAgent) {
  const auto session = Connect("a", 1);
  clock_.Advance(seconds(5));
  EXPECT_TRUE(registry_.Detach(*session, Facts("a", 7)));
  const auto agents = registry_.List("", 10);
  ASSERT_EQ(agents.size(), 1u);
  EXPECT_FALSE(agents[0].connected);
  EXPECT_EQ(agents[0].facts.served_generation, 7u);
  EXPECT_EQ(agents[0].facts.since, clock_.WallNow());
}

TEST_F(SessionRegistryTest, ForgetsTheAgentDisconnectedForLongestAtItsBound) {
  const auto a = Connect("a", 1), b = Connect("b", 1);
  Connect("c", 1);
  Connect("d", 1);
  registry_.Detach(*b, Facts("b", 1));
  clock_.Advance(seconds(1));
  registry_.Detach(*a, Facts("a", 1));
  Connect("e", 1);
  EXPECT_EQ(registry_.counts().known, 4u);
  const auto agents = registry_.List("", 10);
  EXPECT_EQ(agents[0].facts.node, "a");
  EXPECT_EQ(agents[1].facts.node, "c");
}

TEST_F(SessionRegistryTest, RefusesANewcomerWhenAllAreConnected) {
  for (const char* node : {"a", "b", "c", "d"}) Connect(node, 1);
  EXPECT_EQ(registry_.Attach(std::make_shared<FakeSession>("e"), Facts("e", 1)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(registry_.Attach(std::make_shared<FakeSession>("a"), Facts("a", 1)).ok());
}

TEST_F(SessionRegistryTest, AReturningAgentIsNotForgottenAsDisconnected) {
  const auto a = Connect("a", 1);
  registry_.Detach(*a, Facts("a", 1));
  Connect("a", 1);
  for (const char* node : {"b", "c", "d"}) Connect(node, 1);
  EXPECT_EQ(registry_.Attach(std::make_shared<FakeSession>("e"), Facts("e", 1)).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionRegistryTest, ListsInOrderOfNodeFromAfterAGivenOne) {
  for (const char* node : {"c", "a", "b"}) Connect(node, 1);
  const auto page = registry_.List("a", 1);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].facts.node, "b");
}

TEST_F(SessionRegistryTest, PassesANewCertificateToTheStream) {
  const auto session = Connect("a", 1);
  registry_.SetCertificate("a", WallTime(seconds(42)));
  registry_.SetCertificate("unknown", WallTime(seconds(42)));
  EXPECT_EQ(session->certificate, WallTime(seconds(42)));
}

TEST_F(SessionRegistryTest, AWaitEndsWhenTheLastAgentHasApplied) {
  const auto a = Connect("a", 1), b = Connect("b", 1);
  Wait(2);
  registry_.Update(*a, Facts("a", 2));
  EXPECT_TRUE(answers_.empty());
  registry_.Update(*b, Facts("b", 3));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].complete());
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(SessionRegistryTest, AWaitThatIsFulfilledAlreadyEndsAtOnce) {
  Connect("a", 5);
  Wait(5);
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(SessionRegistryTest, AWaitEndsWhenTheLastAgentRefuses) {
  const auto a = Connect("a", 1);
  Wait(2);
  auto facts = Facts("a", 1);
  facts.rejected_generation = 2;
  registry_.Update(*a, facts);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_FALSE(answers_[0].complete());
  EXPECT_EQ(answers_[0].laggards(0).state(), v1::Laggard::STATE_REJECTED);
}

TEST_F(SessionRegistryTest, AWaitDoesNotWaitForAnAgentThatLeft) {
  const auto a = Connect("a", 1);
  const auto b = Connect("b", 2);
  Wait(2);
  registry_.Detach(*a, Facts("a", 1));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].complete());
  EXPECT_EQ(answers_[0].laggards(0).state(), v1::Laggard::STATE_DISCONNECTED);
}

TEST_F(SessionRegistryTest, AWaitAlsoWaitsForAnAgentThatCameMeanwhile) {
  const auto a = Connect("a", 1);
  Wait(2);
  const auto b = Connect("b", 1);
  registry_.Update(*a, Facts("a", 2));
  EXPECT_TRUE(answers_.empty());
  registry_.Update(*b, Facts("b", 2));
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(SessionRegistryTest, AWaitEndsAtItsDeadlineAndNamesWhoIsPending) {
  Connect("a", 1);
  Wait(2);
  timers_.Advance(seconds(30));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].laggards(0).state(), v1::Laggard::STATE_PENDING);
}

TEST_F(SessionRegistryTest, ACancelledWaitIsNeverCalled) {
  const auto a = Connect("a", 1);
  registry_.CancelWait(Wait(2));
  registry_.Update(*a, Facts("a", 2));
  timers_.Advance(seconds(60));
  EXPECT_TRUE(answers_.empty());
}

TEST_F(SessionRegistryTest, RefusesWaitersBeyondItsBound) {
  Connect("a", 1);
  for (int i = 0; i < 3; ++i) Wait(2);
  EXPECT_EQ(registry_.WaitFor(2, clock_.WallNow(), seconds(1), [](v1::Convergence) {}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionRegistryTest, EndAllEndsEveryStreamAndLetsNoneIn) {
  const auto a = Connect("a", 1);
  Wait(2);
  registry_.EndAll(absl::UnavailableError("the controller is stopping"));
  EXPECT_EQ(answers_.size(), 1u);
  EXPECT_EQ(a->end.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(registry_.Attach(std::make_shared<FakeSession>("b"), Facts("b", 1)).code(), absl::StatusCode::kUnavailable);
}

TEST_F(SessionRegistryTest, WaitsAfterAStartForAgentsThatWereThereBefore) {
  registry_.Expect({{"a", clock_.WallNow()}, {"b", clock_.WallNow()}});
  EXPECT_EQ(registry_.counts().known, 2u);
  EXPECT_EQ(registry_.counts().connected, 0u);
  const auto now = registry_.ConvergenceOf(2, clock_.WallNow());
  EXPECT_FALSE(now.complete());
  EXPECT_EQ(now.total(), 2u);
  Wait(2);
  Connect("a", 2);
  EXPECT_TRUE(answers_.empty());
  Connect("b", 2);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].complete());
  EXPECT_EQ(answers_[0].applied(), 2u);
}

TEST_F(SessionRegistryTest, NamesWhoIsNotBackInTimeAndWaitsNoLonger) {
  registry_.Expect({{"a", clock_.WallNow()}, {"b", clock_.WallNow()}});
  timers_.Advance(seconds(20));
  Connect("a", 2);
  Wait(2);
  timers_.Advance(seconds(11));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].complete());
  ASSERT_EQ(answers_[0].laggards_size(), 1);
  EXPECT_EQ(answers_[0].laggards(0).node(), "b");
  EXPECT_EQ(answers_[0].laggards(0).state(), v1::Laggard::STATE_DISCONNECTED);
}

TEST_F(SessionRegistryTest, NothingIsLiveWhileNobodyIsConnectedAndSomebodyIsKnown) {
  EXPECT_TRUE(registry_.ConvergenceOf(2, clock_.WallNow()).complete());
  registry_.Expect({{"a", clock_.WallNow()}});
  timers_.Advance(seconds(31));
  Wait(2);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].total(), 0u);
  EXPECT_FALSE(answers_[0].complete());
}

}  // namespace
}  // namespace switchyard::controlplane::stream
