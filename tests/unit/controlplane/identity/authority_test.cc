// The authority on a real directory: made once, opened again, renewed in time, and refused with a remedy when something is wrong with it.
#include "controlplane/identity/authority.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "common/base/status.h"
#include "common/rpc/credential_file.h"
#include "common/tls/private_file.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::identity {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using tls::Trust;
using tls::Usage;

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class AuthorityTest : public testing::Test {
 protected:
  std::unique_ptr<Authority> Open(AuthorityOptions options = {}) {
    auto authority = Authority::Open(directory_.path() + "/identity", std::move(options), clock_);
    EXPECT_TRUE(authority.ok()) << authority.status();
    return authority.ok() ? std::move(*authority) : nullptr;
  }
  absl::Status OpenError() { return Authority::Open(directory_.path() + "/identity", {}, clock_).status(); }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  ManualClock clock_;
  TemporaryDirectory directory_;
};

TEST_F(AuthorityTest, KeepsItsAuthorityAcrossStarts) {
  const std::string first = Open({.trust_domain = "fleet.example"})->ca_fingerprint();
  const auto again = Open({.trust_domain = "other"});
  EXPECT_EQ(again->ca_fingerprint(), first);
  EXPECT_EQ(again->trust_domain(), "fleet.example");
  EXPECT_EQ(again->ca().not_after(), clock_.WallNow() + hours(24 * 3650));
}

TEST_F(AuthorityTest, LeavesNoFileThatOthersMayUse) {
  const auto authority = Open();
  ASSERT_TRUE(authority->RotateServerLeaf().ok());
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(Path("identity"))) {
    if (entry.is_symlink()) continue;
    EXPECT_EQ(fs::status(entry).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none) << entry.path();
    if (entry.is_regular_file()) files.insert(entry.path().filename().string());
  }
  EXPECT_EQ(files, (std::set<std::string>{"ca.key", "ca.pem", "certificate.pem", "key.pem"}));
}

TEST_F(AuthorityTest, IssuesAgentCertificatesForADay) {
  const auto authority = Open();
  const auto key = tls::KeyPair::Generate();
  const auto leaf = authority->IssueAgent(key->PublicKeyDer(), "web-1");
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(leaf->Spiffe()->ToString(), "spiffe://switchyard/agent/web-1");
  EXPECT_EQ(leaf->PublicKeyDer(), key->PublicKeyDer());
  EXPECT_EQ(leaf->not_after(), clock_.WallNow() + hours(24));
  EXPECT_EQ(tls::Verify(*leaf, authority->ca(), Usage::kClient, clock_.WallNow() - std::chrono::minutes(4)), Trust::kTrusted);
  EXPECT_EQ(tls::Verify(*leaf, authority->ca(), Usage::kServer, clock_.WallNow()), Trust::kUnfit);
}

TEST_F(AuthorityTest, TakesTheLifeOfAgentCertificatesFromItsOptions) {
  const auto authority = Open({.agent_life = hours(2)});
  EXPECT_EQ(authority->IssueAgent(tls::KeyPair::Generate()->PublicKeyDer(), "a")->not_after(), clock_.WallNow() + hours(2));
}

TEST_F(AuthorityTest, ServesALeafThatNamesTheControllerWithTheAuthorityBehind) {
  const auto authority = Open();
  const auto chain = tls::Certificate::ChainFromPem(ReadAll(authority->server_certificate_path()));
  ASSERT_TRUE(chain.ok());
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ(chain->at(0).DnsNames(), (std::vector<std::string>{"controller.switchyard", "localhost"}));
  EXPECT_EQ(tls::Verify(chain->at(0), authority->ca(), Usage::kServer, clock_.WallNow()), Trust::kTrusted);
  EXPECT_EQ(chain->at(1).Fingerprint(), authority->ca_fingerprint());
  EXPECT_EQ(tls::KeyPair::FromPem(ReadAll(authority->server_key_path()))->PublicKeyDer(), chain->at(0).PublicKeyDer());
  EXPECT_EQ(authority->server_leaf_not_after(), chain->at(0).not_after());
}

TEST_F(AuthorityTest, ReplacesTheServerLeafAndTidiesUp) {
  const auto authority = Open();
  const std::string before = ReadAll(authority->server_certificate_path());
  clock_.Advance(hours(24));
  ASSERT_TRUE(authority->RotateServerLeaf().ok());
  EXPECT_NE(ReadAll(authority->server_certificate_path()), before);
  EXPECT_EQ(authority->server_leaf_not_after(), clock_.WallNow() + hours(24 * 30));
  EXPECT_EQ(std::distance(fs::directory_iterator(Path("identity/server")), fs::directory_iterator()), 2);
}

TEST_F(AuthorityTest, WritesTheAdminCredentialOnceAndRenewsItInTime) {
  const auto authority = Open();
  const std::string path = Path("admin.credential");
  EXPECT_TRUE(*authority->EnsureAdminCredential(path, "127.0.0.1:7400", "admin"));
  const auto first = rpc::LoadCredential(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto leaf = tls::Certificate::FromPem(first->certificate_pem);
  EXPECT_EQ(leaf->Spiffe()->ToString(), "spiffe://switchyard/admin/admin");
  EXPECT_EQ(leaf->not_after(), clock_.WallNow() + hours(24 * 365));
  EXPECT_FALSE(*authority->EnsureAdminCredential(path, "127.0.0.1:7400", "admin"));
  clock_.Advance(hours(24 * 240));
  EXPECT_FALSE(*authority->EnsureAdminCredential(path, "127.0.0.1:7400", "admin"));
  clock_.Advance(hours(24 * 5));
  EXPECT_TRUE(*authority->EnsureAdminCredential(path, "127.0.0.1:7400", "admin"));
  EXPECT_NE(rpc::LoadCredential(path)->certificate_pem, first->certificate_pem);
}

TEST_F(AuthorityTest, RewritesTheAdminCredentialForAnotherAddressOrAuthority) {
  const std::string path = Path("admin.credential");
  EXPECT_TRUE(*Open()->EnsureAdminCredential(path, "127.0.0.1:7400", "admin"));
  EXPECT_TRUE(*Open()->EnsureAdminCredential(path, "127.0.0.1:7500", "admin"));
  EXPECT_EQ(rpc::LoadCredential(path)->address, "127.0.0.1:7500");
  fs::remove_all(Path("identity"));
  EXPECT_TRUE(*Open()->EnsureAdminCredential(path, "127.0.0.1:7500", "admin"));
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  EXPECT_TRUE(*Open()->EnsureAdminCredential(path, "127.0.0.1:7500", "admin"));
  EXPECT_TRUE(rpc::LoadCredential(path).ok());
}

TEST_F(AuthorityTest, StartsAfterACrashBetweenKeyAndCertificate) {
  Open();
  fs::remove(Path("identity/ca.pem"));
  EXPECT_NE(Open(), nullptr);
}

TEST_F(AuthorityTest, RefusesAnAuthorityWithoutItsKey) {
  Open();
  fs::remove(Path("identity/ca.key"));
  const absl::Status error = OpenError();
  EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(error).find("restore"), std::string_view::npos);
}

TEST_F(AuthorityTest, RefusesAKeyThatDoesNotFit) {
  Open();
  ASSERT_TRUE(tls::WritePrivateFile(Path("identity/ca.key"), *tls::KeyPair::Generate()->ToPem()).ok());
  EXPECT_NE(Message(OpenError()).find("does not fit"), std::string_view::npos);
}

TEST_F(AuthorityTest, RefusesDamagedFiles) {
  Open();
  ASSERT_TRUE(tls::WritePrivateFile(Path("identity/ca.pem"), "garbage").ok());
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuthorityTest, RefusesAKeyThatOthersMayRead) {
  Open();
  fs::permissions(Path("identity/ca.key"), fs::perms::group_read, fs::perm_options::add);
  EXPECT_NE(Message(OpenError()).find("chmod 600"), std::string_view::npos);
}

TEST_F(AuthorityTest, RefusesAnExpiredAuthority) {
  Open();
  clock_.Advance(hours(24 * 3651));
  EXPECT_NE(Message(OpenError()).find("expired"), std::string_view::npos);
}

TEST_F(AuthorityTest, RefusesATrustDomainThatIsNone) {
  EXPECT_EQ(Authority::Open(Path("identity"), {.trust_domain = "Not One"}, clock_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace switchyard::controlplane::identity
