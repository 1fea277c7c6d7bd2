// The client on simulated time against a fake controller, a fake sink and a fake store; each test walks one rule of the protocol.
#include "agent/config/controller_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "common/base/manual_loop.h"
#include "common/config/resource_key.h"
#include "common/config/snapshot_delta.h"
#include "common/config/snapshot_digest.h"
#include "common/observe/metric_names.h"
#include "tests/unit/agent/config/fake_links.h"

namespace switchyard::agent::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

v1::Snapshot SnapshotAt(std::uint64_t generation) {
  v1::Snapshot snapshot;
  snapshot.set_generation(generation);
  v1::Resource& resource = *snapshot.add_resources();
  resource.set_name("web");
  resource.mutable_upstream()->add_backends()->set_address("10.0.0.1:" + std::to_string(1000 + generation));
  snapshot.set_digest(switchyard::config::SnapshotDigest(snapshot.resources()));
  return snapshot;
}

class FakeSink final : public ConfigSink {
 public:
  void Apply(const v1::Snapshot& snapshot, std::function<void(ApplyOutcome)> done) override {
    applied.push_back(snapshot.generation());
    if (hold) {
      held.push_back(std::move(done));
    } else {
      done(outcome);
    }
  }
  std::vector<std::uint64_t> applied;
  ApplyOutcome outcome{.applied = true};
  bool hold = false;
  std::deque<std::function<void(ApplyOutcome)>> held;
};

class ControllerClientTest : public testing::Test {
 protected:
  ControllerClientTest() : loop_(clock_), links_(loop_), client_(Parts(), Options()) {
    client_.OnApplied([this](const v1::Snapshot&, const v1::Snapshot& now) { told_.push_back(now.generation()); });
    client_.OnWelcome([this](Duration interval) { intervals_.push_back(interval); });
  }

  ControllerClientParts Parts() {
    ControllerClientParts parts;
    parts.loop = &loop_;
    parts.clock = &clock_;
    parts.links = &links_;
    parts.sink = &sink_;
    parts.log = &log_;
    parts.metrics = &metrics_;
    parts.store = [this](const v1::Snapshot& snapshot, std::function<void(absl::Status)> done) {
      stored_.push_back(snapshot.generation());
      if (hold_store_) {
        held_store_ = std::move(done);
      } else {
        done(store_status_);
      }
    };
    return parts;
  }
  static ControllerClientOptions Options() {
    ControllerClientOptions options;
    options.node = "agent-1";
    options.labels = {{"role", "edge"}};
    options.zone = "z1";
    options.version = "0.1.0";
    options.instance = "i1";
    options.seed = 7;
    return options;
  }

  void Connect() {
    client_.Start();
    loop_.RunReady();
    links_.Welcome();
    loop_.RunReady();
    links_.sent.clear();
  }
  void Config(const v1::ConfigDelta& delta) {
    links_.Config(delta);
    loop_.RunReady();
  }
  // The last message, which must be a ConfigStatus.
  v1::ConfigStatus LastStatus() {
    if (links_.sent.empty() || !links_.sent.back().has_config_status()) {
      ADD_FAILURE() << "no status was sent";
      return {};
    }
    return links_.sent.back().config_status();
  }

  ManualClock clock_;
  ManualLoop loop_;
  FakeLinks links_;
  FakeSink sink_;
  observe::CapturingLog log_;
  observe::Metrics metrics_;
  std::vector<std::uint64_t> stored_;
  absl::Status store_status_;
  bool hold_store_ = false;
  std::function<void(absl::Status)> held_store_;
  std::vector<std::uint64_t> told_;
  std::vector<Duration> intervals_;
  ControllerClient client_;
};

TEST_F(ControllerClientTest, ServesTheVerySnapshotThatAnotherHasDerived) {
  const auto shared = std::make_shared<const v1::Snapshot>(SnapshotAt(5));
  ControllerClientParts parts = Parts();
  std::vector<std::uint64_t> asked;
  parts.derive = [&](const SnapshotPtr& base, const v1::ConfigDelta& delta) -> absl::StatusOr<SnapshotPtr> {
    asked.push_back(base->generation());
    if (delta.to_generation() != 5) return absl::DataLossError("not that one");
    return shared;
  };
  ControllerClient client(parts, Options());
  client.Start();
  loop_.RunReady();
  links_.Welcome();
  loop_.RunReady();
  Config(switchyard::config::FullDelta(SnapshotAt(5)));
  EXPECT_EQ(&client.serving(), shared.get());
  EXPECT_TRUE(LastStatus().applied());
  Config(switchyard::config::FullDelta(SnapshotAt(6)));
  EXPECT_EQ(&client.serving(), shared.get()) << "what cannot be derived changes nothing";
  EXPECT_FALSE(LastStatus().applied());
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{0, 5}));
}

TEST_F(ControllerClientTest, SaysHelloWithWhatItServes) {
  const v1::Snapshot serving = SnapshotAt(5);
  v1::Violation violation;
  violation.set_field("spec.port");
  client_.SetServing(serving, {violation});
  client_.Start();
  ASSERT_EQ(links_.sent.size(), 1U);
  const v1::Hello& hello = links_.sent[0].hello();
  EXPECT_EQ(hello.node(), "agent-1");
  EXPECT_EQ(hello.labels().at("role"), "edge");
  EXPECT_EQ(hello.zone(), "z1");
  EXPECT_EQ(hello.instance(), "i1");
  EXPECT_EQ(hello.applied_generation(), 5U);
  EXPECT_EQ(hello.applied_digest(), serving.digest());
  ASSERT_EQ(hello.quarantined_size(), 1);
}

TEST_F(ControllerClientTest, IsConnectedOnceWelcomed) {
  client_.Start();
  EXPECT_EQ(client_.status().state, ControllerState::kConnecting);
  links_.Welcome(250);
  EXPECT_TRUE(client_.connected());
  EXPECT_EQ(client_.status().controller_instance, "c1");
  ASSERT_EQ(intervals_.size(), 1U);
  EXPECT_EQ(intervals_[0], Duration(milliseconds(250)));
}

TEST_F(ControllerClientTest, ShowsTheStateOfItsStreamAsOneOfFour) {
  const auto shown = [&] {
    std::string states;
    for (const char* state : {"stopped", "connecting", "connected", "waiting"}) {
      if (metrics_.Value(observe::kControllerStream, {state}) == 1) states += std::string(state) + ";";
    }
    return states;
  };
  EXPECT_EQ(shown(), "stopped;");
  client_.Start();
  EXPECT_EQ(shown(), "connecting;");
  links_.Welcome(250);
  EXPECT_EQ(shown(), "connected;");
  links_.refuse = absl::UnavailableError("down");
  links_.Break(absl::UnavailableError("down"));
  EXPECT_EQ(shown(), "waiting;");
  client_.Stop();
  EXPECT_EQ(shown(), "stopped;");
}

TEST_F(ControllerClientTest, AppliesStoresAndThenAnswers) {
  Connect();
  hold_store_ = true;
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  EXPECT_EQ(sink_.applied, std::vector<std::uint64_t>{3});
  EXPECT_EQ(told_, std::vector<std::uint64_t>{3});
  EXPECT_EQ(stored_, std::vector<std::uint64_t>{3});
  EXPECT_TRUE(links_.sent.empty());  // not before it is on disk
  held_store_(absl::OkStatus());
  loop_.RunReady();
  EXPECT_EQ(LastStatus().generation(), 3U);
  EXPECT_TRUE(LastStatus().applied());
  EXPECT_EQ(LastStatus().violations_size(), 0);
  EXPECT_EQ(client_.serving().generation(), 3U);
}

TEST_F(ControllerClientTest, LaysADeltaOnWhatItServes) {
  client_.SetServing(SnapshotAt(3), {});
  Connect();
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  EXPECT_TRUE(LastStatus().applied());
  EXPECT_EQ(client_.serving().digest(), SnapshotAt(4).digest());
}

TEST_F(ControllerClientTest, AsksForAFullOneWhenADeltaDoesNotFit) {
  client_.SetServing(SnapshotAt(2), {});
  Connect();
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  EXPECT_TRUE(LastStatus().resync());
  EXPECT_FALSE(LastStatus().applied());
  EXPECT_EQ(LastStatus().generation(), 4U);
  EXPECT_TRUE(sink_.applied.empty());
  Config(switchyard::config::FullDelta(SnapshotAt(4)));
  EXPECT_TRUE(LastStatus().applied());
}

TEST_F(ControllerClientTest, RefusesAFullOneWhoseDigestIsWrongOnce) {
  Connect();
  v1::ConfigDelta delta = switchyard::config::FullDelta(SnapshotAt(4));
  delta.set_digest(std::string(32, 'x'));
  Config(delta);
  EXPECT_FALSE(LastStatus().applied());
  EXPECT_FALSE(LastStatus().resync());
  ASSERT_EQ(LastStatus().violations_size(), 1);
  EXPECT_TRUE(sink_.applied.empty());
}

TEST_F(ControllerClientTest, PassesQuarantineOn) {
  Connect();
  v1::Violation violation;
  violation.set_field("spec.port");
  violation.set_reason("address in use");
  sink_.outcome.violations.push_back(violation);
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  EXPECT_TRUE(LastStatus().applied());
  ASSERT_EQ(LastStatus().violations_size(), 1);
  EXPECT_EQ(LastStatus().violations(0).reason(), "address in use");
  EXPECT_EQ(client_.quarantined().size(), 1U);
  EXPECT_EQ(metrics_.Value(observe::kConfigApplies, {"quarantined"}), 1);
}

v1::Violation ViolationOf(const v1::Resource& resource) {
  v1::Violation violation;
  *violation.mutable_resource() = switchyard::config::KeyOf(resource);
  violation.set_field("spec.backends[0].address");
  violation.set_reason("in use");
  return violation;
}

TEST_F(ControllerClientTest, TriesWhatIsInQuarantineAgainAndTellsWhenItServes) {
  Connect();
  sink_.outcome.violations.push_back(ViolationOf(SnapshotAt(3).resources(0)));
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  ASSERT_EQ(LastStatus().violations_size(), 1);
  links_.sent.clear();
  loop_.Advance(seconds(5));
  EXPECT_EQ(sink_.applied, (std::vector<std::uint64_t>{3, 3}));
  EXPECT_TRUE(links_.sent.empty()) << "nothing is new";
  sink_.outcome.violations.clear();
  loop_.Advance(seconds(10));
  EXPECT_EQ(sink_.applied.size(), 3U);
  EXPECT_EQ(LastStatus().generation(), 3U);
  EXPECT_EQ(LastStatus().violations_size(), 0);
  EXPECT_TRUE(client_.quarantined().empty());
  loop_.Advance(std::chrono::hours(1));
  EXPECT_EQ(sink_.applied.size(), 3U) << "there is nothing left to try";
}

TEST_F(ControllerClientTest, TriesWhatStaysInQuarantineOnceAMinuteAtLeast) {
  client_.SetServing(SnapshotAt(3), {ViolationOf(SnapshotAt(3).resources(0))});
  sink_.outcome.violations.push_back(ViolationOf(SnapshotAt(3).resources(0)));
  for (int i = 0; i < 60; ++i) {
    loop_.Advance(seconds(60));
    loop_.RunReady();
  }
  EXPECT_GE(sink_.applied.size(), 59U);
  EXPECT_LE(sink_.applied.size(), 65U);
}

TEST_F(ControllerClientTest, KeepsTheLastGoodVersionOfWhatIsInQuarantine) {
  Connect();
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  sink_.outcome.violations.push_back(ViolationOf(SnapshotAt(4).resources(0)));
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  Config(switchyard::config::DiffSnapshots(SnapshotAt(4), SnapshotAt(5)));
  ASSERT_EQ(client_.serving().held_size(), 1);
  EXPECT_EQ(client_.serving().held(0).upstream().backends(0).address(), "10.0.0.1:1003");
  sink_.outcome.violations.clear();
  Config(switchyard::config::DiffSnapshots(SnapshotAt(5), SnapshotAt(6)));
  EXPECT_EQ(client_.serving().held_size(), 0);
}

TEST_F(ControllerClientTest, HoldsADeltaThatComesDuringANewTry) {
  client_.SetServing(SnapshotAt(3), {ViolationOf(SnapshotAt(3).resources(0))});
  Connect();
  sink_.hold = true;
  loop_.Advance(seconds(5));
  ASSERT_EQ(sink_.held.size(), 1U);
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  EXPECT_EQ(sink_.applied, (std::vector<std::uint64_t>{3}));
  sink_.held.front()(ApplyOutcome{.applied = true});
  sink_.held.pop_front();
  loop_.RunReady();
  EXPECT_EQ(sink_.applied, (std::vector<std::uint64_t>{3, 4}));
}

TEST_F(ControllerClientTest, KeepsServingTheOldOneWhenTheSinkRefuses) {
  client_.SetServing(SnapshotAt(3), {});
  Connect();
  sink_.outcome.applied = false;
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  EXPECT_FALSE(LastStatus().applied());
  EXPECT_EQ(client_.serving().generation(), 3U);
  EXPECT_TRUE(stored_.empty());
}

TEST_F(ControllerClientTest, AnswersAlthoughTheDiskIsFull) {
  Connect();
  store_status_ = absl::ResourceExhaustedError("no space left");
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  EXPECT_TRUE(LastStatus().applied());
  EXPECT_TRUE(log_.Contains("no space left"));
  EXPECT_EQ(metrics_.Value(observe::kLastGoodWrites, {"failed"}), 1);
}

TEST_F(ControllerClientTest, HoldsADeltaThatComesWhileAnotherIsApplied) {
  Connect();
  sink_.hold = true;
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  Config(switchyard::config::DiffSnapshots(SnapshotAt(3), SnapshotAt(4)));
  EXPECT_EQ(sink_.applied.size(), 1U);
  sink_.held.front()(ApplyOutcome{.applied = true});
  sink_.held.pop_front();
  loop_.RunReady();
  EXPECT_EQ(sink_.applied, (std::vector<std::uint64_t>{3, 4}));
}

TEST_F(ControllerClientTest, DoesNotAnswerOnALaterStream) {
  Connect();
  sink_.hold = true;
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  links_.Break(absl::UnavailableError("gone"));
  loop_.Advance(seconds(1));
  ASSERT_TRUE(links_.up);
  links_.Welcome();
  links_.sent.clear();
  sink_.held.front()(ApplyOutcome{.applied = true});
  loop_.RunReady();
  EXPECT_TRUE(links_.sent.empty());
  // The controller, which had not heard, sends it once more.
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  EXPECT_TRUE(LastStatus().applied());
  EXPECT_EQ(sink_.applied.size(), 1U);
}

TEST_F(ControllerClientTest, ComesBackWithGrowingPatienceForEver) {
  links_.refuse = absl::UnavailableError("connection refused");
  client_.Start();
  loop_.Advance(std::chrono::hours(1));
  EXPECT_EQ(client_.status().state, ControllerState::kWaiting);
  EXPECT_EQ(client_.status().last_error, "connection refused");
  // At most 5 s apart, 2.5 s on average.
  EXPECT_GT(links_.opened, 1000);
  EXPECT_LT(links_.opened, 2000);
  links_.refuse = absl::OkStatus();
  for (int i = 0; i < 151 && !links_.up; ++i) loop_.Advance(milliseconds(100));
  EXPECT_TRUE(links_.up);
}

TEST_F(ControllerClientTest, GivesUpOnASilentController) {
  client_.Start();
  loop_.Advance(seconds(9));
  EXPECT_TRUE(links_.up);
  loop_.Advance(milliseconds(1001));
  EXPECT_TRUE(log_.Contains("no answer from the controller within 10s"));
  loop_.Advance(seconds(2));
  EXPECT_EQ(links_.opened, 2);
}

TEST_F(ControllerClientTest, StartsTheBackoffAnewAfterAWelcome) {
  links_.refuse = absl::UnavailableError("down");
  client_.Start();
  loop_.Advance(std::chrono::minutes(10));
  links_.refuse = absl::OkStatus();
  while (!links_.up) loop_.Advance(milliseconds(100));
  links_.Welcome();
  const int before = links_.opened;
  links_.Break(absl::UnavailableError("restart"));
  loop_.Advance(milliseconds(250));
  EXPECT_EQ(links_.opened, before + 1);
}

TEST_F(ControllerClientTest, DropsReportsAndEventsWithoutAStream) {
  client_.Start();
  client_.SendReport(v1::Report());
  client_.SendEvent(v1::Event());
  EXPECT_EQ(links_.sent.size(), 1U);  // Hello
  EXPECT_EQ(metrics_.Value(observe::kControllerDropped, {"report"}), 1);
  EXPECT_EQ(metrics_.Value(observe::kControllerDropped, {"event"}), 1);
}

TEST_F(ControllerClientTest, DropsTheOldestReportsOfASlowStream) {
  Connect();
  links_.take_at_once = false;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    v1::Report report;
    report.set_sequence(i);
    client_.SendReport(std::move(report));
  }
  for (int i = 0; i < 10; ++i) {
    links_.Sent();
    loop_.RunReady();
  }
  std::vector<std::uint64_t> sequences;
  for (const v1::AgentMessage& message : links_.sent) sequences.push_back(message.report().sequence());
  EXPECT_EQ(sequences, (std::vector<std::uint64_t>{1, 7, 8, 9, 10}));
  EXPECT_EQ(metrics_.Value(observe::kControllerDropped, {"report"}), 5);
}

TEST_F(ControllerClientTest, TellsHowLongAgoTheControllerWasHeard) {
  clock_.Advance(seconds(5));
  EXPECT_EQ(client_.SinceContact(), Duration(seconds(5)));
  Connect();
  clock_.Advance(seconds(5));
  EXPECT_EQ(client_.SinceContact(), Duration::zero());
  links_.refuse = absl::UnavailableError("down");
  links_.Break(absl::UnavailableError("down"));
  clock_.Advance(seconds(3));
  EXPECT_EQ(client_.SinceContact(), Duration(seconds(3)));
}

TEST_F(ControllerClientTest, IgnoresMessagesOfALaterVersion) {
  Connect();
  links_.Receive(v1::ControllerMessage());
  EXPECT_TRUE(client_.connected());
}

TEST_F(ControllerClientTest, EndsTheStreamAndCallsNothingAfterStop) {
  Connect();
  sink_.hold = true;
  Config(switchyard::config::FullDelta(SnapshotAt(3)));
  client_.Stop();
  EXPECT_FALSE(links_.up);
  sink_.held.front()(ApplyOutcome{.applied = true});
  loop_.Advance(seconds(60));
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(links_.opened, 1);
}

TEST_F(ControllerClientTest, RenewsOnlyOnAWelcomedStream) {
  absl::Status got;
  client_.Renew({}, [&](const absl::StatusOr<v1::RenewResponse>& response) { got = response.status(); });
  EXPECT_TRUE(absl::IsUnavailable(got));
  Connect();
  client_.Renew({}, [&](const absl::StatusOr<v1::RenewResponse>& response) { got = response.status(); });
  ASSERT_EQ(links_.renewals.size(), 1U);
  links_.renewals[0](v1::RenewResponse());
  EXPECT_TRUE(got.ok());
}

}  // namespace
}  // namespace switchyard::agent::config
