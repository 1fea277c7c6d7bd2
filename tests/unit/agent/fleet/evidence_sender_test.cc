// Goal: the loop is told soon and once: failures at the next beat, the rest at the asked interval, nothing lost while the stream is slow.
#include "agent/fleet/evidence_sender.h"

#include <gtest/gtest.h>

#include "common/base/manual_loop.h"

namespace switchyard::agent::fleet {
namespace {

using std::chrono::milliseconds;

class EvidenceSenderTest : public testing::Test {
 protected:
  EvidenceSenderTest() : loop_(clock_) {
    EvidenceParts parts;
    parts.loop = &loop_;
    parts.clock = &clock_;
    parts.collect = [this](auto done) { done(std::exchange(rows_, std::vector<report::EvidenceRows>(2))); };
    parts.may_send = [this] { return may_; };
    parts.send = [this](v1::Evidence evidence) {
      sent_.push_back(std::move(evidence));
      return true;
    };
    parts.interval = [this] { return interval_; };
    sender_ = std::make_unique<EvidenceSender>(std::move(parts));
    sender_->Start();
  }
  void See(std::size_t worker, const std::string& address, report::EvidenceCounts counts, std::vector<report::RouteEvidence> routes = {}) {
    rows_[worker].push_back({"web", address, counts, std::move(routes)});
  }

  ManualClock clock_;
  ManualLoop loop_;
  bool may_ = true;
  Duration interval_ = milliseconds(500);
  std::vector<report::EvidenceRows> rows_{2};
  std::vector<v1::Evidence> sent_;
  std::unique_ptr<EvidenceSender> sender_;
};

TEST_F(EvidenceSenderTest, SendsNothingWhenThereIsNothingToTell) {
  loop_.Advance(milliseconds(3000));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(EvidenceSenderTest, NamesABackendOnceAndAddsUpTheWorkers) {
  See(0, "b1", {.succeeded = 2, .in_flight = 1});
  See(1, "b1", {.succeeded = 3, .in_flight = 4});
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(sent_[0].fresh());
  ASSERT_EQ(sent_[0].backends_size(), 1);
  EXPECT_EQ(sent_[0].backends(0).id(), 1U);
  EXPECT_EQ(sent_[0].backends(0).backend(), "b1");
  EXPECT_EQ(sent_[0].backends(0).succeeded(), 5U);
  EXPECT_EQ(sent_[0].backends(0).in_flight(), 5U);
  See(1, "b1", {.failed = 1, .in_flight = 0});
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_FALSE(sent_[1].fresh());
  EXPECT_EQ(sent_[1].sequence(), 2U);
  EXPECT_EQ(sent_[1].backends(0).backend(), "");
  EXPECT_EQ(sent_[1].backends(0).in_flight(), 1U);
}

TEST_F(EvidenceSenderTest, FailuresDoNotWaitForTheInterval) {
  See(0, "b1", {.succeeded = 1});
  loop_.Advance(milliseconds(100));
  See(0, "b1", {.succeeded = 1});
  loop_.Advance(milliseconds(300));
  EXPECT_EQ(sent_.size(), 1U);
  See(0, "b1", {.unanswered = 1});
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[1].backends(0).succeeded(), 1U);
  EXPECT_EQ(sent_[1].backends(0).unanswered(), 1U);
}

TEST_F(EvidenceSenderTest, AFailureOfARouteDoesNotWaitEitherAndWorkersAddUpByRoute) {
  See(0, "b1", {.succeeded = 1});
  loop_.Advance(milliseconds(100));
  See(0, "b1", {.succeeded = 4}, {{7, {.succeeded = 1, .failed = 1}}});
  See(1, "b1", {}, {{7, {.failed = 2, .unanswered = 1}}, {3, {.succeeded = 5}}});
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 2U);
  const v1::BackendEvidence& told = sent_[1].backends(0);
  EXPECT_EQ(told.succeeded(), 4U);
  EXPECT_EQ(told.failed(), 0U);
  ASSERT_EQ(told.routes_size(), 2);
  EXPECT_EQ(told.routes(0).route(), 3U);
  EXPECT_EQ(told.routes(0).succeeded(), 5U);
  EXPECT_EQ(told.routes(1).route(), 7U);
  EXPECT_EQ(told.routes(1).succeeded(), 1U);
  EXPECT_EQ(told.routes(1).failed(), 3U);
  EXPECT_EQ(told.routes(1).unanswered(), 1U);
  See(0, "b1", {.failed = 1});
  loop_.Advance(milliseconds(100));
  EXPECT_EQ(sent_[2].backends(0).routes_size(), 0) << "told once";
}

TEST_F(EvidenceSenderTest, RoutesBeyondTheBoundAreToldAsTheBackends) {
  for (std::size_t worker = 0; worker < 2; ++worker) {
    std::vector<report::RouteEvidence> routes;
    for (std::uint64_t i = 1; i <= 12; ++i) routes.push_back({100 * worker + i, {.failed = 1}});
    See(worker, "b1", {}, routes);
  }
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].backends(0).routes_size(), 16);
  EXPECT_EQ(sent_[0].backends(0).failed(), 8U);
}

TEST_F(EvidenceSenderTest, ASlowStreamLosesNothing) {
  may_ = false;
  See(0, "b1", {.failed = 1}, {{7, {.failed = 1}}});
  loop_.Advance(milliseconds(500));
  See(0, "b1", {}, {{7, {.failed = 1}}});
  loop_.Advance(milliseconds(500));
  EXPECT_TRUE(sent_.empty());
  may_ = true;
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].backends(0).failed(), 1U);
  EXPECT_EQ(sent_[0].backends(0).routes(0).failed(), 2U);
}

TEST_F(EvidenceSenderTest, ANewStreamIsToldNamesAndWhatIsInFlightAnew) {
  See(0, "b1", {.succeeded = 1, .in_flight = 7});
  loop_.Advance(milliseconds(100));
  sender_->NewStream();
  loop_.Advance(milliseconds(500));
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_TRUE(sent_[1].fresh());
  EXPECT_EQ(sent_[1].backends(0).backend(), "b1");
  EXPECT_EQ(sent_[1].backends(0).in_flight(), 7U);
  EXPECT_GT(sent_[1].sequence(), sent_[0].sequence());
}

}  // namespace
}  // namespace switchyard::agent::fleet
