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
  void See(std::size_t worker, const std::string& address, report::EvidenceCounts counts) { rows_[worker].push_back({"web", address, counts}); }

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

TEST_F(EvidenceSenderTest, ASlowStreamLosesNothing) {
  may_ = false;
  See(0, "b1", {.failed = 1});
  loop_.Advance(milliseconds(500));
  EXPECT_TRUE(sent_.empty());
  may_ = true;
  loop_.Advance(milliseconds(100));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].backends(0).failed(), 1U);
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
