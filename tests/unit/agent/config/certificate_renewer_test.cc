// The renewer on simulated time with a test authority in the controller's place.
#include "agent/config/certificate_renewer.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/manual_loop.h"
#include "common/observe/metric_names.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/config/test_authority.h"

namespace switchyard::agent::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class CertificateRenewerTest : public testing::Test {
 protected:
  CertificateRenewerTest() : loop_(clock_), authority_(clock_.WallNow()) {}

  std::unique_ptr<CertificateRenewer> Make() {
    CertificateRenewerParts parts;
    parts.loop = &loop_;
    parts.clock = &clock_;
    parts.log = &log_;
    parts.metrics = &metrics_;
    parts.renew = [this](const v1::RenewRequest& request, std::function<void(absl::StatusOr<v1::RenewResponse>)> done) {
      ++asked_;
      if (!refuse_.ok()) return done(refuse_);
      if (silent_) return;
      v1::RenewResponse response;
      response.set_certificate_pem(authority_.CertifyRequest(request.csr_pem(), node_, WholeSeconds(clock_.WallNow()) - backdated_, life_ + backdated_));
      response.set_ca_pem(authority_.ca_pem());
      done(response);
    };
    parts.renewed = [this](const Identity& identity) { renewed_.push_back(identity); };
    parts.directory = directory_.path();
    parts.seed = 3;
    return std::make_unique<CertificateRenewer>(std::move(parts), authority_.MakeAgent("web-1", clock_.WallNow(), hours(24)), clock_.WallNow());
  }

  ManualClock clock_;
  ManualLoop loop_;
  TestAuthority authority_;
  harness::TempDir directory_;
  observe::CapturingLog log_;
  observe::Metrics metrics_;
  absl::Status refuse_;
  bool silent_ = false;
  std::string node_ = "web-1";
  Duration life_ = hours(24);
  Duration backdated_ = Duration::zero();
  int asked_ = 0;
  std::vector<Identity> renewed_;
};

TEST(RenewAt, IsAtTwoThirdsOfTheLifePlusALittleChance) {
  const WallTime start{};
  EXPECT_EQ(RenewAt(start, start + hours(24), 0), start + hours(16));
  EXPECT_EQ(RenewAt(start, start + hours(24), 0.5), start + hours(16) + minutes(36));
  EXPECT_EQ(RenewAt(start, start, 0), start + seconds(1));
}

TEST_F(CertificateRenewerTest, RenewsInTimeAndKeepsTheKey) {
  const auto renewer = Make();
  loop_.Advance(hours(16) - minutes(1));
  EXPECT_EQ(asked_, 0);
  loop_.Advance(hours(2));
  EXPECT_EQ(asked_, 1);
  ASSERT_EQ(renewed_.size(), 1U);
  EXPECT_GT(renewed_[0].not_after, clock_.WallNow() + hours(20));
  const auto loaded = LoadIdentity(directory_.path());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->certificate_pem, renewed_[0].certificate_pem);
}

TEST_F(CertificateRenewerTest, RenewsAgainAndAgain) {
  const auto renewer = Make();
  loop_.Advance(hours(24 * 5));
  EXPECT_GE(renewed_.size(), 6U);
  EXPECT_LE(renewed_.size(), 8U);
}

TEST_F(CertificateRenewerTest, IsNotHurriedByACertificateThatBeginsInThePast) {
  life_ = minutes(2);
  backdated_ = minutes(10);
  const auto renewer = Make();
  while (renewed_.empty()) loop_.Advance(minutes(1));
  const std::size_t before = renewed_.size();
  loop_.Advance(minutes(10));
  EXPECT_GE(renewed_.size() - before, 6U);
  EXPECT_LE(renewed_.size() - before, 8U);
}

TEST_F(CertificateRenewerTest, TriesUntilItSucceeds) {
  refuse_ = absl::UnavailableError("no stream");
  const auto renewer = Make();
  loop_.Advance(hours(20));
  EXPECT_GT(asked_, 10);
  EXPECT_TRUE(renewed_.empty());
  refuse_ = absl::OkStatus();
  loop_.Advance(minutes(11));
  EXPECT_EQ(renewed_.size(), 1U);
}

TEST_F(CertificateRenewerTest, DoesNotWaitForEverForAnAnswer) {
  silent_ = true;
  const auto renewer = Make();
  loop_.Advance(hours(18));
  EXPECT_GT(asked_, 3);
}

TEST_F(CertificateRenewerTest, SaysOnceThatTheCertificateHasExpired) {
  refuse_ = absl::UnavailableError("no stream");
  const auto renewer = Make();
  loop_.Advance(hours(48));
  int said = 0;
  for (const std::string& line : log_.lines()) said += line.find("certificate expired") != std::string::npos ? 1 : 0;
  EXPECT_EQ(said, 1);
}

TEST_F(CertificateRenewerTest, RefusesACertificateOfAnotherNode) {
  node_ = "intruder";
  const auto renewer = Make();
  loop_.Advance(hours(18));
  EXPECT_TRUE(renewed_.empty());
  EXPECT_TRUE(log_.Contains("the new certificate is for node intruder"));
  EXPECT_GT(metrics_.Value(observe::kCertificateRenewals, {"failed"}), 0);
}

TEST_F(CertificateRenewerTest, SeesAClockThatJumps) {
  const auto renewer = Make();
  clock_.SetWall(clock_.WallNow() + hours(18));
  loop_.Advance(minutes(2));
  EXPECT_EQ(renewed_.size(), 1U);
}

}  // namespace
}  // namespace switchyard::agent::config
