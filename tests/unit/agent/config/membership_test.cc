// Every way into the fleet and every way to be left outside, with enrolment faked. Enrolment runs on a real thread, so those tests turn the
// loop until the outcome is there.
#include "agent/config/membership.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "common/base/manual_loop.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"
#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/config/test_authority.h"

namespace switchyard::agent::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class MembershipTest : public testing::Test {
 protected:
  MembershipTest() : loop_(clock_), authority_(clock_.WallNow()) {
    options_.controller = "127.0.0.1:7400";
    options_.directory = directory_.path();
  }

  absl::Status Load() {
    MembershipParts parts;
    parts.loop = &loop_;
    parts.clock = &clock_;
    parts.log = &log_;
    parts.metrics = &metrics_;
    parts.renew = [](const v1::RenewRequest&, const auto& done) { done(absl::UnavailableError("no stream")); };
    parts.member = [this](const Identity& identity) { member_ = identity; };
    parts.stranded = [this] { stranded_ = true; };
    parts.enrol = [this](const EnrolmentRequest& request) -> absl::StatusOr<Identity> {
      ++enrolments_;
      if (failures_ > 0 && failures_-- > 0) return failure_;
      return authority_.MakeAgent(request.node, clock_.WallNow(), hours(24));
    };
    auto loaded = Membership::Load(options_, std::move(parts));
    if (!loaded.ok()) return loaded.status();
    membership_ = *std::move(loaded);
    return absl::OkStatus();
  }
  void UseToken() { options_.token = *ParseJoinToken("syt1.id.secret." + std::string(64, 'a')); }
  void SaveAgent(const std::string& node, Duration life) {
    ASSERT_TRUE(SaveIdentity(directory_.path(), authority_.MakeAgent(node, clock_.WallNow(), life)).ok());
  }
  // Turns the loop, moving time a little, until something is decided.
  bool Settle() {
    return harness::Eventually([this] {
      loop_.Advance(std::chrono::milliseconds(100));
      return member_.has_value() || stranded_;
    });
  }

  ManualClock clock_;
  ManualLoop loop_;
  TestAuthority authority_;
  harness::TempDir directory_;
  observe::CapturingLog log_;
  observe::Metrics metrics_;
  MembershipOptions options_;
  std::optional<Identity> member_;
  bool stranded_ = false;
  std::atomic<int> enrolments_ = 0;
  std::atomic<int> failures_ = 0;
  absl::Status failure_ = absl::UnavailableError("connection refused");
  std::unique_ptr<Membership> membership_;
};

TEST_F(MembershipTest, NeedsNoTokenWithAnIdentityOnDisk) {
  SaveAgent("web-1", hours(24));
  ASSERT_TRUE(Load().ok());
  EXPECT_EQ(membership_->node(), "web-1");
  membership_->Begin();
  ASSERT_TRUE(member_.has_value());
  EXPECT_EQ(membership_->error(), "");
  EXPECT_EQ(enrolments_, 0);
}

TEST_F(MembershipTest, EnrolsWithAToken) {
  UseToken();
  options_.node = "web-2";
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  ASSERT_TRUE(Settle());
  ASSERT_TRUE(member_.has_value());
  EXPECT_EQ(member_->node, "web-2");
}

TEST_F(MembershipTest, TriesAgainWhileTheControllerIsAway) {
  UseToken();
  failures_ = 4;
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  ASSERT_TRUE(Settle());
  EXPECT_TRUE(member_.has_value());
  EXPECT_EQ(enrolments_, 5);
  EXPECT_TRUE(log_.Contains("connection refused"));
}

TEST_F(MembershipTest, StopsWhenTheTokenIsRefused) {
  UseToken();
  failures_ = 100;
  failure_ = absl::UnauthenticatedError("token id is used up");
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  ASSERT_TRUE(Settle());
  EXPECT_TRUE(stranded_);
  EXPECT_EQ(enrolments_, 1);
  EXPECT_EQ(membership_->error(), "token id is used up");
}

TEST_F(MembershipTest, SaysWhatToDoWithoutIdentityAndToken) {
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  EXPECT_TRUE(stranded_);
  EXPECT_NE(membership_->error().find("has not joined a fleet yet; start the agent with --join-token"), std::string::npos);
}

TEST_F(MembershipTest, SaysWhatToDoWithAnExpiredCertificate) {
  SaveAgent("web-1", hours(1));
  clock_.Advance(hours(2));
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  EXPECT_TRUE(stranded_);
  EXPECT_NE(membership_->error().find("certificate has expired; start the agent with --join-token"), std::string::npos);
  EXPECT_TRUE(membership_->not_after().has_value());
}

TEST_F(MembershipTest, EnrolsAnewWithAnExpiredCertificateAndAToken) {
  SaveAgent("web-1", hours(1));
  clock_.Advance(hours(2));
  UseToken();
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  ASSERT_TRUE(Settle());
  ASSERT_TRUE(member_.has_value());
  EXPECT_EQ(member_->node, "web-1");
}

TEST_F(MembershipTest, MovesToTheControllerThatItsTokenNames) {
  SaveAgent("web-1", hours(24));
  UseToken();
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  EXPECT_FALSE(member_.has_value());
  ASSERT_TRUE(Settle());
  EXPECT_EQ(enrolments_, 1);
  EXPECT_EQ(member_->node, "web-1");
  EXPECT_EQ(membership_->error(), "");
}

TEST_F(MembershipTest, SpendsNoTokenOfItsOwnController) {
  SaveAgent("web-1", hours(24));
  options_.token = *ParseJoinToken("syt1.id.secret." + tls::ToHex(authority_.ca().Fingerprint()));
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  EXPECT_TRUE(member_.has_value());
  EXPECT_EQ(enrolments_, 0);
}

TEST_F(MembershipTest, KeepsItsPlaceWhenAnotherControllersTokenIsRefused) {
  SaveAgent("web-1", hours(24));
  UseToken();
  failures_ = 100;
  failure_ = absl::UnauthenticatedError("token id is used up");
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  ASSERT_TRUE(Settle());
  EXPECT_FALSE(stranded_);
  EXPECT_TRUE(member_.has_value());
  EXPECT_TRUE(log_.Contains("the join token of another controller is refused"));
}

TEST_F(MembershipTest, RefusesAnotherNameThanThatOfTheCertificate) {
  SaveAgent("web-1", hours(24));
  options_.node = "web-9";
  EXPECT_NE(Message(Load()).find("holds the certificate of node 'web-1', not of 'web-9'"), std::string_view::npos);
  UseToken();
  EXPECT_TRUE(Load().ok());
}

TEST_F(MembershipTest, RefusesAMalformedName) {
  options_.node = "Web_1";
  EXPECT_TRUE(absl::IsInvalidArgument(Load()));
}

TEST_F(MembershipTest, WaitsForAnEnrolmentUnderWayWhenItEnds) {
  UseToken();
  ASSERT_TRUE(Load().ok());
  membership_->Begin();
  membership_.reset();
  loop_.RunReady();
  EXPECT_FALSE(member_.has_value());
}

TEST(NodeNameOf, MakesAHostNameANodeName) {
  EXPECT_EQ(NodeNameOf("Web_01.example.COM"), "web-01.example.com");
  EXPECT_EQ(NodeNameOf("-x-"), "x");
  EXPECT_EQ(NodeNameOf("___"), "agent");
  EXPECT_EQ(NodeNameOf(""), "agent");
  EXPECT_EQ(NodeNameOf(std::string(100, 'a')).size(), 63U);
}

}  // namespace
}  // namespace switchyard::agent::config
