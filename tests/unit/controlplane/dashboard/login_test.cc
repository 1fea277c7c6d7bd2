// Goal: only who proves a credential gets a session, and a session ends when it must. Method: a real authority, a clock moved by hand, and
// signatures made with OpenSSL's own tool chain as a browser's WebCrypto makes them.
#include "controlplane/dashboard/login.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/credential_file.h"
#include "common/tls/sha256.h"
#include "common/tls/signature.h"
#include "controlplane/store/memory_store.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::controlplane::dashboard {
namespace {
using std::chrono::hours;
using std::chrono::minutes;

class LoginTest : public testing::Test {
 protected:
  void SetUp() override { credentials_.SetAddress("127.0.0.1:7400"); }
  Form Signed(const identity::IssuedIdentity& who, const std::string& challenge, std::string_view prefix = kSignedPrefix) {
    const auto key = tls::KeyPair::FromPem(who.key_pem).value();
    return {{"challenge", challenge},
            {"certificate", who.certificate_pem},
            {"signature", tls::ToHex(tls::Sign(key, std::string(prefix) + challenge).value())}};
  }
  identity::IssuedIdentity Issue(tls::Role role) { return authority_->IssuePerson(role, "ann", hours(24)).value(); }

  harness::TempDir directory_;
  ManualClock clock_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  std::unique_ptr<identity::Authority> authority_ = identity::Authority::Open(directory_.Sub("identity"), {}, clock_).value();
  identity::Credentials credentials_{*authority_, *store_, clock_};
  Sessions sessions_{clock_, credentials_};
  Login login_{clock_, authority_->ca(), "switchyard", credentials_, sessions_};
};

TEST_F(LoginTest, ASignedChallengeBeginsASessionWithTheRole) {
  const auto begun = login_.Begin(Signed(Issue(tls::Role::kOperator), login_.Challenge()));
  ASSERT_TRUE(begun.ok()) << Message(begun.status());
  EXPECT_EQ(begun->session.who.name, "ann");
  EXPECT_EQ(begun->session.who.role, tls::Role::kOperator);
  EXPECT_EQ(begun->cookie.size(), 64u);
  EXPECT_NE(begun->cookie, begun->session.csrf);
  EXPECT_TRUE(sessions_.Find(begun->cookie).has_value());
  EXPECT_FALSE(sessions_.Find(begun->session.csrf).has_value());
  EXPECT_FALSE(sessions_.Find("").has_value());
}

TEST_F(LoginTest, AChallengeIsGoodOnceAndNotForLong) {
  const auto who = Issue(tls::Role::kAdmin);
  const std::string challenge = login_.Challenge();
  EXPECT_TRUE(login_.Begin(Signed(who, challenge)).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(who, challenge)).status()));
  const std::string old = login_.Challenge();
  clock_.Advance(minutes(6));
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(who, old)).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(who, std::string(64, '0'))).status()));
}

TEST_F(LoginTest, ProofsThatDoNotHoldAreRefused) {
  const auto ann = Issue(tls::Role::kAdmin);
  const auto bob = Issue(tls::Role::kAdmin);
  auto form = Signed(bob, login_.Challenge());
  form["certificate"] = ann.certificate_pem;
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(form).status())) << "another's certificate";
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(ann, login_.Challenge(), "something-else:")).status()));
  form = Signed(ann, login_.Challenge());
  form["signature"] = "";
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(form).status()));
  form = Signed(ann, login_.Challenge());
  form["signature"] = std::string(128, '0');
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(form).status())) << "r and s of zero";
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin({}).status()));
}

TEST_F(LoginTest, AgentsAndStrangersHaveNoPlaceHere) {
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(Issue(tls::Role::kAgent), login_.Challenge())).status()));
  harness::TempDir elsewhere;
  const auto other = identity::Authority::Open(elsewhere.Sub("identity"), {}, clock_).value();
  const auto stranger = other->IssuePerson(tls::Role::kAdmin, "ann", hours(1)).value();
  const auto refused = login_.Begin(Signed(stranger, login_.Challenge())).status();
  EXPECT_NE(Message(refused).find("another controller"), std::string_view::npos) << Message(refused);
}

TEST_F(LoginTest, ACodeOfTheApiLogsInOnce) {
  identity::PeerIdentity who{tls::Role::kViewer, "bob", clock_.WallNow() + hours(1), "fingerprint"};
  const std::string code = sessions_.MakeCode(who);
  const auto begun = login_.Begin({{"code", code}});
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->session.who.name, "bob");
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin({{"code", code}}).status()));
  // A challenge is no code, and a code no challenge.
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin({{"code", login_.Challenge()}}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(Issue(tls::Role::kAdmin), sessions_.MakeCode(who))).status()));
}

TEST_F(LoginTest, SessionsEndByIdlenessAgeTheCredentialAndRevoking) {
  const auto begin = [&](Duration life) { return sessions_.Begin({tls::Role::kAdmin, "ann", clock_.WallNow() + life, "f"}).cookie; };
  std::string cookie = begin(hours(100));
  clock_.Advance(minutes(29));
  EXPECT_TRUE(sessions_.Find(cookie).has_value());
  clock_.Advance(minutes(31));
  EXPECT_FALSE(sessions_.Find(cookie).has_value()) << "idle";
  cookie = begin(hours(100));
  for (int i = 0; i < 12 * 3; ++i) {
    clock_.Advance(minutes(20));
    sessions_.Find(cookie);
  }
  clock_.Advance(minutes(1));
  EXPECT_FALSE(sessions_.Find(cookie).has_value()) << "12 hours";
  cookie = begin(minutes(10));
  clock_.Advance(minutes(11));
  EXPECT_FALSE(sessions_.Find(cookie).has_value()) << "the credential has ended";

  v1::CreateCredentialRequest request;
  request.set_name("carl");
  request.set_role(v1::ACCESS_ROLE_ADMIN);
  const auto made = credentials_.Create(request, "ann").value();
  const auto certificate = tls::Certificate::FromPem(rpc::ParseCredential(made.file())->certificate_pem).value();
  cookie = sessions_.Begin({tls::Role::kAdmin, "carl", certificate.not_after(), certificate.Fingerprint()}).cookie;
  EXPECT_TRUE(sessions_.Find(cookie).has_value());
  ASSERT_TRUE(credentials_.Revoke(made.info().id()).ok());
  EXPECT_FALSE(sessions_.Find(cookie).has_value()) << "revoked";
}

TEST_F(LoginTest, TablesAndAttemptsAreBounded) {
  for (std::size_t i = 0; i < kMaxSessions + 10; ++i) sessions_.Begin({tls::Role::kViewer, "x", clock_.WallNow() + hours(1), "f"});
  EXPECT_EQ(sessions_.size(), kMaxSessions);
  const std::string first = login_.Challenge();
  for (std::size_t i = 0; i < kMaxCodes; ++i) {
    clock_.Advance(std::chrono::milliseconds(1));
    login_.Challenge();
  }
  EXPECT_TRUE(absl::IsUnauthenticated(login_.Begin(Signed(Issue(tls::Role::kAdmin), first)).status())) << "the oldest gave way";
  int refused = 0;
  for (int i = 0; i < 100; ++i) refused += absl::IsResourceExhausted(login_.Begin({{"code", "x"}}).status()) ? 1 : 0;
  EXPECT_GE(refused, 80);
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_FALSE(absl::IsResourceExhausted(login_.Begin({{"code", "x"}}).status())) << "and it is over soon";
}

}  // namespace
}  // namespace switchyard::controlplane::dashboard
