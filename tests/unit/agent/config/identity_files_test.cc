// What is written is what is read; every way in which the files do not belong together has its own message.
#include "agent/config/identity_files.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>

#include "common/base/status.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/config/test_authority.h"

namespace switchyard::agent::config {
namespace {

using std::chrono::hours;

class IdentityFilesTest : public testing::Test {
 protected:
  Identity Make(const std::string& node) { return authority_.MakeAgent(node, clock_.WallNow(), hours(24)); }

  ManualClock clock_;
  TestAuthority authority_{clock_.WallNow()};
  harness::TempDir directory_;
};

TEST_F(IdentityFilesTest, AreNotThereBeforeEnrolment) { EXPECT_TRUE(absl::IsNotFound(LoadIdentity(directory_.path()).status())); }

TEST_F(IdentityFilesTest, GiveBackWhatWasSaved) {
  const Identity identity = Make("web-1");
  ASSERT_TRUE(SaveIdentity(directory_.path(), identity).ok());
  const auto loaded = LoadIdentity(directory_.path());
  ASSERT_TRUE(loaded.ok()) << Message(loaded.status());
  EXPECT_EQ(loaded->node, "web-1");
  EXPECT_EQ(loaded->trust_domain, "switchyard");
  EXPECT_EQ(loaded->key_pem, identity.key_pem);
  EXPECT_EQ(loaded->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(loaded->ca_pem, identity.ca_pem);
  EXPECT_EQ(loaded->not_after, clock_.WallNow() + hours(24));
}

TEST_F(IdentityFilesTest, ShowTheKeyToItsOwnerOnly) {
  ASSERT_TRUE(SaveIdentity(directory_.path(), Make("web-1")).ok());
  struct stat facts {};
  ASSERT_EQ(::stat(directory_.Sub("key.pem").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  std::filesystem::permissions(directory_.Sub("key.pem"), std::filesystem::perms(0644));
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadIdentity(directory_.path()).status()));
}

TEST_F(IdentityFilesTest, CountAsNotThereWhenKilledBeforeTheCertificate) {
  ASSERT_TRUE(SaveIdentity(directory_.path(), Make("web-1")).ok());
  std::filesystem::remove(directory_.Sub("certificate.pem"));
  EXPECT_TRUE(absl::IsNotFound(LoadIdentity(directory_.path()).status()));
}

TEST_F(IdentityFilesTest, RefuseACertificateOfAnotherKey) {
  ASSERT_TRUE(SaveIdentity(directory_.path(), Make("web-1")).ok());
  directory_.Write("certificate.pem", Make("web-1").certificate_pem);
  const absl::Status status = LoadIdentity(directory_.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(Message(status).find("for another key; remove certificate.pem"), std::string_view::npos) << Message(status);
}

TEST_F(IdentityFilesTest, RefuseACertificateThatIsNoAgents) {
  const tls::KeyPair key = *tls::KeyPair::Generate();
  const std::string leaf = authority_.Certify(key.PublicKeyDer(), "boss", clock_.WallNow(), hours(1), tls::Role::kAdmin);
  const auto identity = MakeIdentity(*key.ToPem(), leaf, authority_.ca_pem());
  EXPECT_NE(Message(identity.status()).find("not an agent"), std::string_view::npos);
}

TEST_F(IdentityFilesTest, RefuseGarbage) {
  ASSERT_TRUE(SaveIdentity(directory_.path(), Make("web-1")).ok());
  directory_.Write("ca.pem", "garbage");
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadIdentity(directory_.path()).status()));
}

TEST_F(IdentityFilesTest, KeepTheKeyThatIsThere) {
  const auto made = LoadOrMakeKey(directory_.path());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*LoadOrMakeKey(directory_.path()), *made);
}

}  // namespace
}  // namespace switchyard::agent::config
