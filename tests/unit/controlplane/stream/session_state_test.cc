// Goal: the stream's state machine keeps its promises for every order of inputs. Method: inputs by hand, no thread, no gRPC; a fake agent
// with random orders at the end.
#include "controlplane/stream/session_state.h"

#include <gtest/gtest.h>

#include <deque>

#include "common/base/random.h"

namespace switchyard::controlplane::stream {
namespace {

Moment At(int second) { return {TimePoint(std::chrono::seconds(second)), WallTime(std::chrono::seconds(1'000'000 + second))}; }

std::string DigestOf(char c) { return std::string(32, c); }

SnapshotPtr MakeSnapshot(std::uint64_t generation, char digest) {
  auto snapshot = std::make_shared<v1::Snapshot>();
  snapshot->set_generation(generation);
  snapshot->set_digest(DigestOf(digest));
  return snapshot;
}

v1::AgentMessage MakeHello(const std::string& node = "edge-1", std::uint64_t generation = 0, const std::string& digest = "") {
  v1::AgentMessage message;
  message.mutable_hello()->set_node(node);
  message.mutable_hello()->set_applied_generation(generation);
  message.mutable_hello()->set_applied_digest(digest);
  return message;
}

v1::AgentMessage MakeAck(std::uint64_t generation) {
  v1::AgentMessage message;
  message.mutable_config_status()->set_generation(generation);
  message.mutable_config_status()->set_applied(true);
  return message;
}

v1::AgentMessage MakeNack(std::uint64_t generation, bool resync = false) {
  auto message = MakeAck(generation);
  message.mutable_config_status()->set_applied(false);
  message.mutable_config_status()->set_resync(resync);
  return message;
}

void AddViolation(v1::AgentMessage& message, const std::string& field) {
  auto* violation = message.mutable_config_status()->add_violations();
  violation->mutable_resource()->set_name("web");
  violation->set_field(field);
  violation->set_reason("address already in use");
}

class SessionStateTest : public testing::Test {
 protected:
  // Greeted, Welcome written, nothing known of a target.
  void Greet(const v1::AgentMessage& hello = MakeHello()) {
    ASSERT_TRUE(state_.OnMessage(hello, At(1)).greet);
    state_.OnWritten(At(1));
  }
  SessionStep Target(std::uint64_t generation, char digest, SnapshotPtr base = nullptr) {
    return NoNews(state_.OnTarget(MakeSnapshot(generation, digest), std::move(base), At(2)));
  }
  // The push was written and answered.
  SessionStep Answer(const v1::AgentMessage& message) {
    NoNews(state_.OnWritten(At(3)));
    return NoNews(state_.OnMessage(message, At(3)));
  }
  // The fleet's loop has nothing to tell.
  SessionStep NoNews(SessionStep step) {
    if (step.fleet) state_.NothingToSend();
    return step;
  }

  SessionState state_{"edge-1"};
};

TEST_F(SessionStateTest, HelloIsAnsweredWithWelcomeAndJoins) {
  const auto step = state_.OnMessage(MakeHello(), At(1));
  EXPECT_TRUE(step.greet);
  EXPECT_TRUE(step.joined);
  EXPECT_FALSE(step.push);
}

TEST_F(SessionStateTest, FirstPushIsFullWhenTheAgentHasNothing) {
  Greet();
  const auto step = Target(5, 'a');
  ASSERT_TRUE(step.push);
  EXPECT_TRUE(step.push->full());
  EXPECT_EQ(step.push->from_generation, 0u);
  EXPECT_EQ(step.push->to->generation(), 5u);
}

TEST_F(SessionStateTest, WaitsWithAPushUntilWelcomeIsWritten) {
  state_.OnMessage(MakeHello(), At(1));
  EXPECT_FALSE(Target(5, 'a').push);
  EXPECT_TRUE(state_.OnWritten(At(2)).push);
}

TEST_F(SessionStateTest, LaterPushIsADeltaFromWhatTheAgentApplied) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  const auto step = Target(6, 'b');
  ASSERT_TRUE(step.push);
  EXPECT_FALSE(step.push->full());
  EXPECT_EQ(step.push->from_generation, 5u);
}

TEST_F(SessionStateTest, ReturningAgentGetsADeltaWhenItsSnapshotIsAtHand) {
  Greet(MakeHello("edge-1", 5, DigestOf('a')));
  const auto step = Target(9, 'b', MakeSnapshot(4, 'a'));
  ASSERT_TRUE(step.push);
  EXPECT_FALSE(step.push->full());
  EXPECT_EQ(step.push->from_generation, 5u);
}

TEST_F(SessionStateTest, ReturningAgentGetsAFullPushWhenItsSnapshotIsUnknown) {
  Greet(MakeHello("edge-1", 5, DigestOf('a')));
  const auto step = Target(9, 'b', MakeSnapshot(5, 'x'));
  ASSERT_TRUE(step.push);
  EXPECT_TRUE(step.push->full());
}

TEST_F(SessionStateTest, NothingIsSentWhenTheDigestIsEqual) {
  Greet(MakeHello("edge-1", 5, DigestOf('a')));
  EXPECT_FALSE(Target(9, 'a').push);
  EXPECT_EQ(state_.facts().served_generation, 9u);
  EXPECT_FALSE(state_.facts().served_at);
}

TEST_F(SessionStateTest, AGenerationThatDoesNotConcernTheAgentIsServedAtOnce) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  const auto step = Target(6, 'a');
  EXPECT_FALSE(step.push);
  EXPECT_TRUE(step.changed);
  EXPECT_EQ(state_.facts().served_generation, 6u);
  EXPECT_EQ(state_.facts().agent_generation, 5u);
  // The next delta builds on the generation that the agent itself knows.
  EXPECT_EQ(Target(7, 'b').push->from_generation, 5u);
}

TEST_F(SessionStateTest, ChangesDuringAPushCostOneFurtherPush) {
  Greet();
  ASSERT_TRUE(Target(5, 'a').push);
  for (std::uint64_t g = 6; g <= 30; ++g) EXPECT_FALSE(Target(g, static_cast<char>('a' + g)).push);
  const auto step = Answer(MakeAck(5));
  ASSERT_TRUE(step.push);
  EXPECT_EQ(step.push->to->generation(), 30u);
  EXPECT_FALSE(Answer(MakeAck(30)).push);
  EXPECT_EQ(state_.facts().served_generation, 30u);
}

TEST_F(SessionStateTest, AnAnswerBeforeTheWriteIsReportedWrittenIsInOrder) {
  Greet();
  Target(5, 'a');
  Target(6, 'b');
  EXPECT_FALSE(state_.OnMessage(MakeAck(5), At(3)).push);
  EXPECT_TRUE(state_.OnWritten(At(3)).push);
}

TEST_F(SessionStateTest, AChangeTakenBackDuringAPushIsPushedBack) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  Target(6, 'b');
  Target(7, 'a');
  const auto step = Answer(MakeAck(6));
  ASSERT_TRUE(step.push);
  EXPECT_EQ(step.push->to->generation(), 7u);
  EXPECT_EQ(step.push->from_generation, 6u);
}

TEST_F(SessionStateTest, GenerationZeroIsNeverPushed) {
  Greet(MakeHello("edge-1", 57, DigestOf('a')));
  EXPECT_FALSE(Target(0, 'e').push);
}

TEST_F(SessionStateTest, AnOlderTargetIsIgnored) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  EXPECT_FALSE(Target(4, 'b').push);
  EXPECT_EQ(state_.facts().served_generation, 5u);
}

TEST_F(SessionStateTest, AnAgentFromAnotherPastDoesNotCountAsServingOurGenerations) {
  Greet(MakeHello("edge-1", 57, DigestOf('x')));
  ASSERT_TRUE(Target(12, 'a').push);
  EXPECT_EQ(state_.facts().served_generation, 11u);
}

TEST_F(SessionStateTest, QuarantineIsRememberedUntilAnAnswerWithoutIt) {
  Greet();
  Target(5, 'a');
  auto ack = MakeAck(5);
  AddViolation(ack, "spec.port");
  Answer(ack);
  ASSERT_EQ(state_.facts().quarantined.size(), 1u);
  Target(6, 'a');
  EXPECT_EQ(state_.facts().quarantined.size(), 1u);
  Target(7, 'b');
  Answer(MakeAck(7));
  EXPECT_TRUE(state_.facts().quarantined.empty());
}

TEST_F(SessionStateTest, QuarantineMayChangeWithoutANewGeneration) {
  Greet();
  Target(5, 'a');
  auto ack = MakeAck(5);
  AddViolation(ack, "spec.port");
  Answer(ack);
  ASSERT_EQ(state_.facts().quarantined.size(), 1u);
  Answer(MakeAck(4));
  EXPECT_EQ(state_.facts().quarantined.size(), 1u) << "of a generation that is no longer served";
  Answer(MakeAck(5));
  EXPECT_TRUE(state_.facts().quarantined.empty());
  EXPECT_EQ(state_.facts().served_generation, 5u);
}
TEST_F(SessionStateTest, QuarantineNamedInHelloCounts) {
  auto hello = MakeHello("edge-1", 5, DigestOf('a'));
  hello.mutable_hello()->add_quarantined()->set_field("spec.port");
  Greet(hello);
  EXPECT_EQ(state_.facts().quarantined.size(), 1u);
}

TEST_F(SessionStateTest, ARefusedGenerationIsNotOfferedAgainUntilItsContentChanges) {
  Greet();
  Target(5, 'a');
  auto nack = MakeNack(5);
  AddViolation(nack, "spec.port");
  EXPECT_FALSE(Answer(nack).push);
  EXPECT_EQ(state_.facts().rejected_generation, 5u);
  EXPECT_FALSE(Target(6, 'a').push);
  EXPECT_EQ(state_.facts().rejected_generation, 6u);
  EXPECT_TRUE(Target(7, 'b').push);
  Answer(MakeAck(7));
  EXPECT_EQ(state_.facts().rejected_generation, 0u);
  EXPECT_TRUE(state_.facts().rejected.empty());
}

TEST_F(SessionStateTest, ARefusalWithoutReasonGetsOne) {
  Greet();
  Target(5, 'a');
  Answer(MakeNack(5));
  ASSERT_EQ(state_.facts().rejected.size(), 1u);
}

TEST_F(SessionStateTest, ResyncGetsAFullPush) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  Target(6, 'b');
  const auto step = Answer(MakeNack(6, true));
  ASSERT_TRUE(step.push);
  EXPECT_TRUE(step.push->full());
  EXPECT_EQ(step.push->to->generation(), 6u);
}

TEST_F(SessionStateTest, ResyncInAnswerToAFullPushIsARefusal) {
  Greet();
  Target(5, 'a');
  EXPECT_FALSE(Answer(MakeNack(5, true)).push);
  EXPECT_EQ(state_.facts().rejected_generation, 5u);
}

TEST_F(SessionStateTest, AnAnswerAboutAnotherGenerationIsIgnored) {
  Greet();
  EXPECT_FALSE(state_.OnMessage(MakeAck(99), At(2)).changed);
  Target(5, 'a');
  state_.OnWritten(At(3));
  EXPECT_FALSE(state_.OnMessage(MakeAck(4), At(3)).changed);
  EXPECT_EQ(state_.facts().served_generation, 0u);
}

TEST_F(SessionStateTest, BehindSinceRunsFromTheFirstMissedTargetToTheAnswer) {
  Greet();
  Target(5, 'a');
  Answer(MakeAck(5));
  EXPECT_FALSE(state_.facts().behind_since);
  state_.OnTarget(MakeSnapshot(6, 'b'), nullptr, At(10));
  state_.OnTarget(MakeSnapshot(7, 'c'), nullptr, At(20));
  EXPECT_EQ(state_.facts().behind_since, At(10).mono);
  Answer(MakeAck(6));
  EXPECT_EQ(state_.facts().behind_since, At(10).mono);
  Answer(MakeAck(7));
  EXPECT_FALSE(state_.facts().behind_since);
}

TEST_F(SessionStateTest, AnythingBeforeHelloEndsTheStream) {
  EXPECT_EQ(state_.OnMessage(MakeAck(1), At(1)).close.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(state_.OnMessage(MakeHello(), At(1)).close.ok());
  EXPECT_FALSE(state_.OnMessage(MakeHello(), At(1)).joined);
}

TEST_F(SessionStateTest, ASecondHelloEndsTheStream) {
  Greet();
  EXPECT_EQ(state_.OnMessage(MakeHello(), At(1)).close.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SessionStateTest, ANodeThatIsNotTheCertificatesEndsTheStream) {
  EXPECT_EQ(state_.OnMessage(MakeHello("other"), At(1)).close.code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(SessionStateTest, NoHelloInTimeEndsTheStream) {
  EXPECT_EQ(state_.OnHelloDeadline().close.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SessionStateTest, TheHelloDeadlineMeansNothingAfterHello) {
  Greet();
  EXPECT_TRUE(state_.OnHelloDeadline().close.ok());
}

TEST_F(SessionStateTest, FieldsOfHelloBeyondTheirBoundEndTheStream) {
  for (int kind = 0; kind < 5; ++kind) {
    SessionState state("edge-1");
    auto hello = MakeHello();
    auto& h = *hello.mutable_hello();
    if (kind == 0) h.set_zone(std::string(64, 'z'));
    if (kind == 1) h.set_version(std::string(64, 'z'));
    if (kind == 2) h.set_instance(std::string(65, 'z'));
    if (kind == 3) h.set_applied_digest("short");
    if (kind == 4) {
      for (int i = 0; i < 33; ++i) (*h.mutable_labels())[std::to_string(i)] = "v";
    }
    EXPECT_EQ(state.OnMessage(hello, At(1)).close.code(), absl::StatusCode::kInvalidArgument) << kind;
  }
}

TEST_F(SessionStateTest, ViolationsAreClippedInNumberAndLength) {
  Greet();
  Target(5, 'a');
  auto ack = MakeAck(5);
  for (int i = 0; i < 5000; ++i) AddViolation(ack, std::string(10'000, 'f'));
  Answer(ack);
  ASSERT_EQ(state_.facts().quarantined.size(), kMaxViolationsPerSession);
  EXPECT_EQ(state_.facts().quarantined[0].field().size(), kMaxViolationText);
}

TEST_F(SessionStateTest, ClippingKeepsTextValidUtf8) {
  google::protobuf::RepeatedPtrField<v1::Violation> violations;
  std::string text(kMaxViolationText - 1, 'x');
  text += "\xC3\xA9\xC3\xA9";
  violations.Add()->set_reason(text);
  EXPECT_EQ(ClipViolations(violations)[0].reason().size(), kMaxViolationText - 1);
}

TEST_F(SessionStateTest, EvidenceIsPassedOnAndStamped) {
  Greet();
  v1::AgentMessage report;
  report.mutable_report()->set_sequence(1);
  EXPECT_TRUE(state_.OnMessage(report, At(9)).evidence);
  EXPECT_EQ(state_.facts().last_report, At(9).wall);
}

TEST_F(SessionStateTest, NothingHappensAfterTheEnd) {
  Greet();
  state_.OnClosed();
  EXPECT_FALSE(Target(5, 'a').push);
  EXPECT_FALSE(state_.OnMessage(MakeAck(5), At(3)).changed);
  EXPECT_FALSE(state_.OnWritten(At(3)).push);
}

// Whatever the order of targets, writes and answers: never two writes or two pushes at once, and in the end the newest content is served.
TEST(SessionStateRandom, ConvergesOnTheNewestTargetInEveryOrder) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    SessionState state("edge-1");
    std::uint64_t generation = 0;
    char digest = 'a';
    std::string held;
    bool writing = true;
    std::deque<Push> unanswered;
    const auto take = [&](const SessionStep& step) {
      // The fleet's loop has something to tell, or has not.
      if (step.fleet) {
        ASSERT_FALSE(writing || step.push);
        writing = random.Below(2) == 0;
        if (!writing) state.NothingToSend();
      }
      if (!step.push) return;
      ASSERT_FALSE(writing);
      ASSERT_TRUE(unanswered.empty());
      ASSERT_TRUE(step.push->full() || step.push->from->digest() == held);
      writing = true;
      unanswered.push_back(*step.push);
    };
    const auto answer = [&] {
      const Push push = unanswered.front();
      unanswered.pop_front();
      const bool resync = !push.full() && random.Below(4) == 0;
      if (!resync) held = push.to->digest();
      take(state.OnMessage(resync ? MakeNack(push.to->generation(), true) : MakeAck(push.to->generation()), At(1)));
    };
    state.OnMessage(MakeHello(), At(1));
    for (int i = 0; i < 50; ++i) {
      const auto what = random.Below(4);
      if (what == 0) {
        digest = static_cast<char>('a' + random.Below(3));
        take(state.OnTarget(MakeSnapshot(++generation, digest), nullptr, At(1)));
      } else if (what == 1 && writing) {
        writing = false;
        take(state.OnWritten(At(1)));
      } else if (what == 2 && !unanswered.empty()) {
        answer();
      } else if (what == 3) {
        take(state.OnFleetNews());
      }
    }
    if (generation == 0) continue;
    for (int i = 0; i < 1000 && (writing || !unanswered.empty()); ++i) {
      if (writing) {
        writing = false;
        take(state.OnWritten(At(1)));
      } else {
        answer();
      }
    }
    EXPECT_EQ(held, DigestOf(digest));
    EXPECT_EQ(state.facts().served_generation, generation);
    EXPECT_FALSE(state.facts().behind_since);
  }
}

TEST(SessionState, GivesTicketKeysOnceTlsIsServedAndNothingElseIsBeingWritten) {
  SessionState state("edge-1");
  EXPECT_TRUE(state.OnMessage(MakeHello(), At(0)).greet);
  const auto first = std::make_shared<const std::string>("first");
  const auto second = std::make_shared<const std::string>("second");
  EXPECT_EQ(state.OnTicketKeys(first).frame, nullptr) << "Welcome is being written";
  EXPECT_EQ(state.OnWritten(At(0)).frame, nullptr) << "nobody knows yet whether it serves TLS";
  EXPECT_TRUE(state.OnTarget(MakeSnapshot(1, 'a'), nullptr, At(1)).push.has_value());
  const SessionStep written = state.OnWritten(At(1));
  EXPECT_EQ(written.frame, nullptr) << "it does not";
  EXPECT_TRUE(written.fleet) << "last comes what the fleet's loop has to tell: nothing";
  state.NothingToSend();
  state.OnMessage(MakeAck(1), At(1));
  auto with_tls = std::make_shared<v1::Snapshot>(*MakeSnapshot(2, 'b'));
  with_tls->add_resources()->mutable_listener()->mutable_tls();
  EXPECT_TRUE(state.OnTarget(with_tls, nullptr, At(2)).push.has_value());
  EXPECT_EQ(state.OnWritten(At(2)).frame, first);
  EXPECT_EQ(state.OnTicketKeys(second).frame, nullptr) << "the first ones are being written";
  EXPECT_EQ(state.OnWritten(At(2)).frame, second);
  EXPECT_EQ(state.OnWritten(At(2)).frame, nullptr);
  EXPECT_EQ(state.OnTicketKeys(second).frame, nullptr) << "it has them";
}

}  // namespace
}  // namespace switchyard::controlplane::stream
