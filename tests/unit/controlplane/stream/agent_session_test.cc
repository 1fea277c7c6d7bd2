// Goal: the session carries steps to the wire in order, keeps its deadlines and touches nothing after the end. Method: a fake wire and
// host, timers moved by hand.
#include "controlplane/stream/agent_session.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/controlplane/manual_timers.h"

namespace switchyard::controlplane::stream {
namespace {
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct FakeWire final : Wire {
  void Send(Frame frame) override { sent.push_back(*frame); }
  void End(const absl::Status& status) override { end = status; }
  void Cut() override { cut = true; }
  std::vector<std::string> sent;
  std::optional<absl::Status> end;
  bool cut = false;
};

struct FakeHost final : SessionHost {
  absl::Status OnJoined(const std::shared_ptr<SessionHandle>& session, const SessionFacts&, const std::string& digest) override {
    joined = session;
    held_digest = digest;
    return join_answer;
  }
  void OnChanged(const SessionHandle&, const SessionFacts& facts) override { last = facts; }
  void OnComplaint(const SessionFacts&) override { ++complaints; }
  void OnAnswer(const PushAnswer& given) override { answer = given; }
  void OnEvidence(const SessionHandle&, const SessionFacts&, const v1::AgentMessage&) override { ++evidence; }
  void OnCounts(const std::string& node, const std::string& instance, const v1::Evidence& counts) override {
    counted = node + "/" + instance + "/" + std::to_string(counts.sequence());
  }
  void OnLeft(const SessionHandle&, const SessionFacts&) override { ++left; }
  Frame Encode(const Push& push) override { return std::make_shared<const std::string>("push " + std::to_string(push.to->generation())); }
  Frame NextFleetFrame(fleet::Cursor&, const std::string&, const SnapshotPtr&) override { return std::exchange(fleet_frame, nullptr); }

  Frame fleet_frame;
  std::string counted;

  absl::Status join_answer;
  std::shared_ptr<SessionHandle> joined;
  std::string held_digest;
  SessionFacts last;
  std::optional<PushAnswer> answer;
  int evidence = 0;
  int complaints = 0;
  int left = 0;
};

class AgentSessionTest : public testing::Test {
 protected:
  AgentSessionTest() {
    options_.clock = &clock_;
    options_.timers = &timers_;
    options_.host = &host_;
    options_.welcome = std::make_shared<const std::string>("welcome");
    session_ = AgentSession::Make(&options_, {"edge-1", "10.0.0.9:5000", clock_.WallNow() + hours(24)}, &wire_);
    session_->Start();
  }
  void Hello() {
    v1::AgentMessage message;
    message.mutable_hello()->set_node("edge-1");
    session_->OnMessage(message);
    session_->OnWritten(true);
  }

  ManualClock clock_;
  ManualTimers timers_{&clock_};
  FakeHost host_;
  FakeWire wire_;
  SessionOptions options_;
  std::shared_ptr<AgentSession> session_;
};

SnapshotPtr MakeSnapshot(std::uint64_t generation) {
  auto snapshot = std::make_shared<v1::Snapshot>();
  snapshot->set_generation(generation);
  snapshot->set_digest(std::string(32, static_cast<char>(generation)));
  return snapshot;
}

TEST_F(AgentSessionTest, SendsWelcomeThenThePush) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  EXPECT_EQ(wire_.sent, (std::vector<std::string>{"welcome", "push 3"}));
  EXPECT_EQ(host_.joined, session_);
}

TEST_F(AgentSessionTest, AnAnswerReachesTheHostAsNewFacts) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  session_->OnWritten(true);
  v1::AgentMessage ack;
  ack.mutable_config_status()->set_generation(3);
  ack.mutable_config_status()->set_applied(true);
  session_->OnMessage(ack);
  EXPECT_EQ(host_.last.served_generation, 3u);
}

TEST_F(AgentSessionTest, TheTimeFromPushToAnswerReachesTheHost) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  session_->OnWritten(true);
  clock_.Advance(seconds(2));
  EXPECT_FALSE(host_.answer);
  v1::AgentMessage ack;
  ack.mutable_config_status()->set_generation(3);
  ack.mutable_config_status()->set_applied(true);
  session_->OnMessage(ack);
  ASSERT_TRUE(host_.answer);
  EXPECT_EQ(host_.answer->took, Duration(seconds(2)));
  EXPECT_EQ(host_.answer->result, PushAnswer::Result::kApplied);
}

TEST_F(AgentSessionTest, ARefusalReachesTheHostAsAComplaint) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  session_->OnWritten(true);
  v1::AgentMessage nack;
  nack.mutable_config_status()->set_generation(3);
  session_->OnMessage(nack);
  EXPECT_EQ(host_.complaints, 1);
  EXPECT_EQ(host_.last.rejected_generation, 3u);
}

TEST_F(AgentSessionTest, EvidenceReachesTheHost) {
  Hello();
  v1::AgentMessage report;
  report.mutable_report();
  session_->OnMessage(report);
  EXPECT_EQ(host_.evidence, 1);
}

TEST_F(AgentSessionTest, ASilentStrangerIsEndedAndThenCut) {
  timers_.Advance(seconds(10));
  ASSERT_TRUE(wire_.end);
  EXPECT_EQ(wire_.end->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(wire_.cut);
  timers_.Advance(seconds(5));
  EXPECT_TRUE(wire_.cut);
}

TEST_F(AgentSessionTest, HelloInTimeLiftsTheDeadline) {
  Hello();
  timers_.Advance(minutes(1));
  EXPECT_FALSE(wire_.end);
}

TEST_F(AgentSessionTest, EndsWhenTheCertificateExpires) {
  Hello();
  timers_.Advance(hours(24) - seconds(1));
  EXPECT_FALSE(wire_.end);
  timers_.Advance(seconds(1));
  ASSERT_TRUE(wire_.end);
  EXPECT_EQ(wire_.end->code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(AgentSessionTest, ARenewedCertificateKeepsTheStreamAlive) {
  Hello();
  timers_.Advance(hours(16));
  session_->SetCertificate(clock_.WallNow() + hours(24));
  EXPECT_EQ(host_.last.certificate_not_after, clock_.WallNow() + hours(24));
  timers_.Advance(hours(23));
  EXPECT_FALSE(wire_.end);
  timers_.Advance(hours(1));
  EXPECT_TRUE(wire_.end);
}

TEST_F(AgentSessionTest, NoticesExpiryWithinAMinuteWhenCivilTimeJumps) {
  Hello();
  clock_.SetWall(clock_.WallNow() + hours(48));
  timers_.Advance(minutes(1));
  EXPECT_TRUE(wire_.end);
}

TEST_F(AgentSessionTest, EndsWhenTheHostRefusesIt) {
  host_.join_answer = absl::AlreadyExistsError("duplicate");
  Hello();
  ASSERT_TRUE(wire_.end);
  EXPECT_EQ(wire_.end->code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(wire_.sent.empty());
}

TEST_F(AgentSessionTest, OnlyTheFirstEndCounts) {
  session_->End(absl::AbortedError("first"));
  session_->End(absl::InternalError("second"));
  EXPECT_EQ(wire_.end->code(), absl::StatusCode::kAborted);
}

TEST_F(AgentSessionTest, SendsNothingAfterTheEnd) {
  Hello();
  session_->End(absl::AbortedError("over"));
  session_->SetTarget(MakeSnapshot(3), nullptr);
  EXPECT_EQ(wire_.sent.size(), 1u);
}

TEST_F(AgentSessionTest, NeverTouchesTheWireOnceClosed) {
  Hello();
  session_->OnClosed();
  session_->OnClosed();
  session_->End(absl::AbortedError("late"));
  session_->SetTarget(MakeSnapshot(3), nullptr);
  timers_.Advance(hours(48));
  EXPECT_FALSE(wire_.end);
  EXPECT_FALSE(wire_.cut);
  EXPECT_EQ(host_.left, 1);
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(AgentSessionTest, TheFleetsFramesGoAfterConfigurationAndOneAtATime) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  host_.fleet_frame = std::make_shared<const std::string>("overlay 1");
  session_->OnFleetNews();
  EXPECT_EQ(wire_.sent.size(), 2u) << "the push is still being written";
  session_->OnWritten(true);
  ASSERT_EQ(wire_.sent.size(), 3u);
  EXPECT_EQ(wire_.sent.back(), "overlay 1");
  host_.fleet_frame = std::make_shared<const std::string>("overlay 2");
  session_->OnFleetNews();
  session_->OnFleetNews();
  EXPECT_EQ(wire_.sent.size(), 3u) << "at most one is unsent";
  session_->OnWritten(true);
  EXPECT_EQ(wire_.sent.back(), "overlay 2");
  session_->OnWritten(true);
  EXPECT_EQ(wire_.sent.size(), 4u);
}

TEST_F(AgentSessionTest, WithNothingToTellTheWireStaysFree) {
  Hello();
  session_->SetTarget(MakeSnapshot(3), nullptr);
  session_->OnWritten(true);
  session_->OnFleetNews();
  session_->SetTarget(MakeSnapshot(4), nullptr);
  v1::AgentMessage ack;
  ack.mutable_config_status()->set_generation(3);
  ack.mutable_config_status()->set_applied(true);
  session_->OnMessage(ack);
  EXPECT_EQ(wire_.sent.back(), "push 4");
}

TEST_F(AgentSessionTest, EvidenceGoesToTheLoopWithWhoSentIt) {
  v1::AgentMessage hello;
  hello.mutable_hello()->set_node("edge-1");
  hello.mutable_hello()->set_instance("life-1");
  session_->OnMessage(hello);
  session_->OnWritten(true);
  v1::AgentMessage message;
  message.mutable_evidence()->set_sequence(9);
  session_->OnMessage(message);
  EXPECT_EQ(host_.counted, "edge-1/life-1/9");
  EXPECT_EQ(host_.evidence, 0);
}

}  // namespace
}  // namespace switchyard::controlplane::stream
