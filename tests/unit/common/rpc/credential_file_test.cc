// The admin credential: text in and out, on disk with mode 0600, and where it is looked for.
#include "common/rpc/credential_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/tls/issue.h"

namespace switchyard::rpc {
namespace {

namespace fs = std::filesystem;
using tls::Role;

Credential MakeCredential() {
  const ManualClock clock;
  const WallTime now = clock.WallNow();
  const tls::KeyPair ca_key = *tls::KeyPair::Generate();
  const tls::Certificate ca =
      *tls::SelfSign({"ca", {"switchyard", Role::kAuthority, ""}, {}, {}, now, now + std::chrono::hours(9)}, ca_key);
  const tls::KeyPair key = *tls::KeyPair::Generate();
  const tls::Certificate leaf =
      *tls::Issue({"ann", {"switchyard", Role::kAdmin, "ann"}, {}, {}, now, now + std::chrono::hours(1)}, key.PublicKeyDer(), ca, ca_key);
  return {"127.0.0.1:7400", "controller.switchyard", ca.ToPem(), leaf.ToPem(), *key.ToPem()};
}

class CredentialFileTest : public testing::Test {
 protected:
  CredentialFileTest() {
    std::string form = (fs::temp_directory_path() / "credential-XXXXXX").string();
    directory_ = ::mkdtemp(form.data());
  }
  ~CredentialFileTest() override { fs::remove_all(directory_); }

  const Credential credential_ = MakeCredential();
  std::string directory_;
};

TEST_F(CredentialFileTest, SurvivesTheDisk) {
  const std::string path = directory_ + "/credential";
  ASSERT_TRUE(SaveCredential(path, credential_).ok());
  const auto loaded = LoadCredential(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->address, credential_.address);
  EXPECT_EQ(loaded->server_name, credential_.server_name);
  EXPECT_EQ(loaded->ca_pem, credential_.ca_pem);
  EXPECT_EQ(loaded->certificate_pem, credential_.certificate_pem);
  EXPECT_EQ(loaded->key_pem, credential_.key_pem);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(CredentialFileTest, RefusesAFileThatOthersMayRead) {
  const std::string path = directory_ + "/credential";
  ASSERT_TRUE(SaveCredential(path, credential_).ok());
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  EXPECT_EQ(LoadCredential(path).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CredentialFileTest, NamesWhatIsWrong) {
  Credential other = credential_;
  other.key_pem = *tls::KeyPair::Generate()->ToPem();
  EXPECT_NE(Message(ParseCredential(FormatCredential(other)).status()).find("does not belong"), std::string_view::npos);
  other = credential_;
  other.address = "nowhere";
  EXPECT_NE(Message(ParseCredential(FormatCredential(other)).status()).find("address"), std::string_view::npos);
  other = credential_;
  other.certificate_pem.clear();
  EXPECT_NE(Message(ParseCredential(FormatCredential(other)).status()).find("part certificate"), std::string_view::npos);
  EXPECT_NE(Message(ParseCredential("kind: Route\n").status()).find("line 1"), std::string_view::npos);
  EXPECT_FALSE(ParseCredential("").ok());
  EXPECT_FALSE(ParseCredential(FormatCredential(credential_) + "ca:\n").ok());
  EXPECT_FALSE(ParseCredential(std::string(kMaxCredentialBytes + 1, '#')).ok());
}

TEST_F(CredentialFileTest, NeverQuotesAKey) {
  const auto parsed = ParseCredential("switchyard-credential: 1\n" + credential_.key_pem);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(Message(parsed.status()).find("PRIVATE"), std::string_view::npos);
}

TEST_F(CredentialFileTest, SurvivesDamagedText) {
  const std::uint64_t seed = SecureSeed();
  std::cout << "seed " << seed << "\n";
  Random random(seed);
  const std::string text = FormatCredential(credential_);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = text;
    for (int edits = 0; edits < 4; ++edits) damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    damaged.resize(random.Below(damaged.size()) + 1);
    (void)ParseCredential(damaged);
  }
}

TEST_F(CredentialFileTest, IsFoundByFlagThenVariableThenPlace) {
  const std::string second = directory_ + "/second";
  std::ofstream(second) << "x";
  CredentialPlaces places{"flag", "variable", {directory_ + "/first", second}};
  EXPECT_EQ(*FindCredential(places), "flag");
  places.flag.clear();
  EXPECT_EQ(*FindCredential(places), "variable");
  places.environment.clear();
  EXPECT_EQ(*FindCredential(places), second);
}

TEST_F(CredentialFileTest, TellsEveryPlaceThatWasTried) {
  const auto found = FindCredential({"", "", {directory_ + "/first", directory_ + "/second"}});
  EXPECT_EQ(found.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Message(found.status()).find("/first"), std::string_view::npos);
  EXPECT_NE(Message(found.status()).find("/second"), std::string_view::npos);
  EXPECT_NE(Message(found.status()).find("--credential"), std::string_view::npos);
}

}  // namespace
}  // namespace switchyard::rpc
