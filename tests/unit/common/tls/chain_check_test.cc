// Goal: every certificate that could not serve is refused with its reason, and good ones of every kind pass. Method: a table of certificates made
// by openssl, judged at chosen times.
#include "common/tls/chain_check.h"

#include <gtest/gtest.h>

#include "tests/harness/certificates.h"
#include "tests/harness/process.h"

namespace switchyard::tls {
namespace {

using harness::KeyedPem;
using harness::TestAuthority;

constexpr Duration kDay = std::chrono::hours(24);

class ChainCheck : public testing::Test {
 protected:
  void SetUp() override {
    auto ca = TestAuthority::Make(directory_, "ca");
    ASSERT_TRUE(ca.ok()) << ca.status();
    ca_ = std::make_unique<TestAuthority>(*std::move(ca));
  }
  KeyedPem Leaf(const harness::LeafForm& form) {
    auto leaf = ca_->Issue(form);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return leaf.ok() ? *leaf : KeyedPem();
  }
  // All reasons in one text; those of the key begin with `key: `.
  static std::string Problems(const std::string& chain, const std::string& key, Duration later = Duration::zero()) {
    std::string out;
    for (const ChainProblem& problem : CheckKeyedChain(chain, key, SystemClock().WallNow() + later)) {
      out += (problem.in_key ? "key: " : "") + problem.reason + "\n";
    }
    return out;
  }

  harness::TempDir directory_;
  std::unique_ptr<TestAuthority> ca_;
};

TEST_F(ChainCheck, TakesEveryKindThatIsStrongEnough) {
  for (const char* key : {"P-256", "P-384", "P-521", "ED25519", "RSA:2048", "RSA:3072"}) {
    const KeyedPem leaf = Leaf({.name = "good", .key = key});
    EXPECT_EQ(Problems(leaf.chain, leaf.key), "") << key;
    EXPECT_EQ(Problems(leaf.chain + ca_->own().chain, leaf.key), "") << "with its issuer";
  }
  auto middle = ca_->IssueAuthority("middle");
  ASSERT_TRUE(middle.ok());
  auto leaf = middle->Issue({.name = "below"});
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(Problems(leaf->chain + middle->own().chain + ca_->own().chain, leaf->key), "");
}

TEST_F(ChainCheck, SaysWhatIsWrong) {
  const KeyedPem leaf = Leaf({.name = "leaf"});
  const KeyedPem other = Leaf({.name = "other"});
  const KeyedPem weak = Leaf({.name = "weak", .key = "RSA:1024"});
  const KeyedPem curve = Leaf({.name = "curve", .key = "secp256k1"});
  const KeyedPem sha1 = Leaf({.name = "sha1", .digest = "sha1"});
  const KeyedPem nameless = Leaf({.name = "nameless", .alternative_names = ""});
  auto encrypted = harness::RunProgram({.argv = {"/usr/bin/openssl", "pkey", "-in", leaf.key_path, "-aes256", "-passout", "pass:x"}, .env = {}, .input = {}});
  ASSERT_TRUE(encrypted.ok());
  struct Case {
    const char* what;
    std::string chain;
    std::string key;
    Duration later;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"expired", leaf.chain, leaf.key, 31 * kDay, "certificate 1 (CN=leaf) is expired: it ended at"},
      {"not yet valid", leaf.chain, leaf.key, -2 * kDay, "is not yet valid: it begins at"},
      {"expired issuer", leaf.chain + ca_->own().chain, leaf.key, 31 * kDay, "certificate 2 (CN=ca) is expired"},
      {"wrong key", leaf.chain, other.key, {}, "key: is not the key of certificate 1 (CN=leaf)"},
      {"RSA 1024", weak.chain, weak.key, {}, "is RSA 1024, which is weak"},
      {"curve", curve.chain, curve.key, {}, "expected a curve of P-256, P-384, P-521"},
      {"SHA-1", sha1.chain, sha1.key, {}, "is signed with SHA-1, which is broken"},
      {"no names", nameless.chain, nameless.key, {}, "has no subject alternative name"},
      {"order", ca_->own().chain + leaf.chain, ca_->own().key, {}, "certificate 1 (CN=ca) is not signed by the one after it, certificate 2 (CN=leaf)"},
      {"gap", leaf.chain + other.chain, leaf.key, {}, "is not signed by the one after it"},
      {"encrypted", leaf.chain, encrypted->out, {}, "key: is encrypted"},
      {"no key", leaf.chain, "nonsense", {}, "key: is no private key"},
      {"key among them", leaf.chain + leaf.key, leaf.key, {}, "holds a private key"},
      {"nothing", "", leaf.key, {}, "expected PEM blocks"},
      {"cut short", leaf.chain.substr(0, 200), leaf.key, {}, "expected PEM blocks"},
  };
  for (const Case& each : cases) {
    const std::string found = Problems(each.chain, each.key, each.later);
    EXPECT_NE(found.find(each.reason), std::string::npos) << each.what << ": " << found;
    EXPECT_EQ(found.find(leaf.key.substr(28, 40)), std::string::npos) << "quotes a key";
  }
}

TEST_F(ChainCheck, TakesOnlyCasIntoABundle) {
  const WallTime now = SystemClock().WallNow();
  EXPECT_TRUE(CheckCaBundle(ca_->own().chain, now).empty());
  const auto leaf = CheckCaBundle(Leaf({.name = "leaf"}).chain, now);
  ASSERT_EQ(leaf.size(), 1u);
  EXPECT_NE(leaf[0].reason.find("is not a CA"), std::string::npos);
  EXPECT_EQ(CheckCaBundle(ca_->own().chain, now + 31 * kDay).size(), 1u);
  EXPECT_EQ(CheckCaBundle(ca_->own().key, now).size(), 1u);
}

}  // namespace
}  // namespace switchyard::tls
