// Goal: a credential is made once, for a role, ends when it is revoked, and what was done is written down within its bound.
// Method: the memory store and a real authority.
#include "controlplane/identity/credentials.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/credential_file.h"
#include "controlplane/identity/actions.h"
#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::identity {
namespace {

class CredentialsTest : public testing::Test {
 protected:
  void SetUp() override { credentials_.SetAddress("127.0.0.1:7400"); }
  v1::CreateCredentialRequest Request(const std::string& name, v1::AccessRole role) {
    v1::CreateCredentialRequest request;
    request.set_name(name);
    request.set_role(role);
    return request;
  }
  tls::Certificate CertificateIn(const std::string& file) {
    return tls::Certificate::FromPem(rpc::ParseCredential(file)->certificate_pem).value();
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  std::unique_ptr<Authority> authority_ = Authority::Open(directory_.path() + "/identity", {}, clock_).value();
  Credentials credentials_{*authority_, *store_, clock_};
};

TEST_F(CredentialsTest, AFileOfTheRoleThatWasAskedFor) {
  credentials_.SetAddress("10.0.0.1:7400");
  const auto made = credentials_.Create(Request("ann", v1::ACCESS_ROLE_OPERATOR), "admin");
  ASSERT_TRUE(made.ok()) << Message(made.status());
  const auto file = rpc::ParseCredential(made->file());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->address, "10.0.0.1:7400");
  EXPECT_EQ(CertificateIn(made->file()).Spiffe()->role, tls::Role::kOperator);
  EXPECT_EQ(made->info().created_by(), "admin");
  EXPECT_EQ(credentials_.List()->credentials_size(), 1);
}

TEST_F(CredentialsTest, RevokingHoldsOverARestart) {
  const auto made = credentials_.Create(Request("ann", v1::ACCESS_ROLE_VIEWER), "admin");
  ASSERT_TRUE(made.ok());
  const std::string fingerprint = CertificateIn(made->file()).Fingerprint();
  EXPECT_FALSE(credentials_.Revoked(fingerprint));
  ASSERT_TRUE(credentials_.Revoke(made->info().id()).ok());
  EXPECT_TRUE(credentials_.Revoked(fingerprint));
  Credentials after(*authority_, *store_, clock_);
  ASSERT_TRUE(after.Load().ok());
  EXPECT_TRUE(after.Revoked(fingerprint));
  EXPECT_TRUE(after.List()->credentials(0).revoked());
}

TEST_F(CredentialsTest, RefusesWhatMakesNoSense) {
  EXPECT_TRUE(absl::IsInvalidArgument(credentials_.Create(Request("Ann!", v1::ACCESS_ROLE_VIEWER), "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(credentials_.Create(Request("ann", v1::ACCESS_ROLE_UNSPECIFIED), "x").status()));
  auto request = Request("ann", v1::ACCESS_ROLE_VIEWER);
  request.mutable_ttl()->set_seconds(10);
  EXPECT_TRUE(absl::IsInvalidArgument(credentials_.Create(request, "x").status()));
  EXPECT_TRUE(absl::IsNotFound(credentials_.Revoke("0123456789abcdef")));
  EXPECT_TRUE(absl::IsNotFound(credentials_.Revoke("../../etc/passwd")));
}

TEST_F(CredentialsTest, ActionsAreKeptNewestFirstWithinTheirBound) {
  {
    Actions actions(*store_, clock_);
    for (int i = 0; i < 950; ++i) ASSERT_TRUE(actions.Add("ann", "apply", "generation " + std::to_string(i)).ok());
  }
  Actions actions(*store_, clock_);
  for (int i = 950; i < 1150; ++i) ASSERT_TRUE(actions.Add("ann", "apply", "generation " + std::to_string(i), i == 1149 ? "no" : "").ok());
  v1::ActionsRequest request;
  request.set_limit(5);
  const auto newest = actions.List(request);
  ASSERT_TRUE(newest.ok());
  ASSERT_EQ(newest->actions_size(), 5);
  EXPECT_EQ(newest->actions(0).subject(), "generation 1149");
  EXPECT_EQ(newest->actions(0).refused(), "no");
  EXPECT_EQ(newest->actions(4).subject(), "generation 1145");
  EXPECT_LE(store_->ListRecords("action")->size(), kMaxActions);
}

TEST_F(CredentialsTest, ALongTextIsCutBetweenCharacters) {
  Actions actions(*store_, clock_);
  std::string text;
  for (int i = 0; i < 200; ++i) text += "\xc3\xa9";
  ASSERT_TRUE(actions.Add("ann", "apply", "x" + text).ok());
  const auto kept = actions.List({})->actions(0).subject();
  EXPECT_LE(kept.size(), 256u);
  EXPECT_EQ(static_cast<unsigned char>(kept.back()), 0xa9);
}

}  // namespace
}  // namespace switchyard::controlplane::identity
