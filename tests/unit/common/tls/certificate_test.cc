// Certificates: what is issued is what is read, and each way of not being trusted is told from the others.
#include "common/tls/certificate.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "common/base/random.h"
#include "common/tls/issue.h"
#include "common/tls/key_pair.h"
#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct Fleet {
  explicit Fleet(WallTime at, Duration life = hours(1000)) : key(*KeyPair::Generate()), ca(MakeCa(at, life)), now(at) {}

  Certificate MakeCa(WallTime at, Duration life) const {
    CertificateTemplate form{"test CA", {"switchyard", Role::kAuthority, ""}, {}, {}, at, at + life};
    return *SelfSign(form, key);
  }
  CertificateTemplate Form() const {
    return {"node-1", {"switchyard", Role::kAgent, "node-1"}, {}, {}, now, now + hours(24), Usage::kClient};
  }
  Certificate Leaf(const CertificateTemplate& form) const { return *Issue(form, leaf_key.PublicKeyDer(), ca, key); }

  KeyPair key;
  KeyPair leaf_key = *KeyPair::Generate();
  Certificate ca;
  WallTime now;
};

class CertificateTest : public testing::Test {
 protected:
  ManualClock clock_;
  Fleet fleet_{clock_.WallNow()};
};

TEST_F(CertificateTest, CarriesWhatTheTemplateSaid) {
  CertificateTemplate form = fleet_.Form();
  form.spiffe = {"switchyard", Role::kController, "main"};
  form.usage = Usage::kServer;
  form.dns_names = {"controller.switchyard", "localhost"};
  form.ip_addresses = {"127.0.0.1", "::1"};
  const Certificate leaf = fleet_.Leaf(form);
  EXPECT_EQ(leaf.Spiffe()->ToString(), "spiffe://switchyard/controller/main");
  EXPECT_EQ(leaf.DnsNames(), form.dns_names);
  EXPECT_EQ(leaf.not_before(), form.not_before);
  EXPECT_EQ(leaf.not_after(), form.not_after);
  EXPECT_EQ(leaf.PublicKeyDer(), fleet_.leaf_key.PublicKeyDer());
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_TRUE(fleet_.ca.is_ca());
  EXPECT_EQ(leaf.Fingerprint(), Sha256(leaf.ToDer()));
}

TEST_F(CertificateTest, SurvivesPemAlone) {
  const Certificate leaf = fleet_.Leaf(fleet_.Form());
  EXPECT_EQ(Certificate::FromPem(leaf.ToPem())->ToDer(), leaf.ToDer());
}

TEST_F(CertificateTest, ReadsChainsInOrder) {
  const Certificate leaf = fleet_.Leaf(fleet_.Form());
  const auto chain = Certificate::ChainFromPem(leaf.ToPem() + fleet_.ca.ToPem());
  ASSERT_TRUE(chain.ok());
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ((*chain)[0].ToDer(), leaf.ToDer());
  EXPECT_EQ((*chain)[1].ToDer(), fleet_.ca.ToDer());
}

TEST_F(CertificateTest, IsTrustedWithinItsLifeOnly) {
  const Certificate leaf = fleet_.Leaf(fleet_.Form());
  const auto at = [&](Duration since) { return Verify(leaf, fleet_.ca, Usage::kClient, fleet_.now + since); };
  EXPECT_EQ(at(seconds(0)), Trust::kTrusted);
  EXPECT_EQ(at(hours(24)), Trust::kTrusted);
  EXPECT_EQ(at(hours(24) + seconds(1)), Trust::kExpired);
  EXPECT_EQ(at(-seconds(1)), Trust::kNotYetValid);
}

TEST_F(CertificateTest, IsNotTrustedUnderAnotherAuthority) {
  const Fleet other(clock_.WallNow());
  const Certificate leaf = other.Leaf(other.Form());
  EXPECT_EQ(Verify(leaf, fleet_.ca, Usage::kClient, fleet_.now), Trust::kOtherAuthority);
  // Expired as well: a stranger is not told.
  EXPECT_EQ(Verify(leaf, fleet_.ca, Usage::kClient, fleet_.now + hours(5000)), Trust::kOtherAuthority);
}

TEST_F(CertificateTest, IsNotTrustedForAnotherUsage) {
  const Certificate leaf = fleet_.Leaf(fleet_.Form());
  EXPECT_EQ(Verify(leaf, fleet_.ca, Usage::kServer, fleet_.now), Trust::kUnfit);
}

TEST_F(CertificateTest, NeverTrustsAnAuthorityAsLeaf) {
  EXPECT_NE(Verify(fleet_.ca, fleet_.ca, Usage::kClient, fleet_.now), Trust::kTrusted);
}

TEST_F(CertificateTest, NeverTrustsALeafThatSigns) {
  const Certificate leaf = fleet_.Leaf(fleet_.Form());
  const Certificate forged = *Issue(fleet_.Form(), KeyPair::Generate()->PublicKeyDer(), leaf, fleet_.leaf_key);
  EXPECT_NE(Verify(forged, leaf, Usage::kClient, fleet_.now), Trust::kTrusted);
  EXPECT_EQ(Verify(forged, fleet_.ca, Usage::kClient, fleet_.now), Trust::kOtherAuthority);
}

TEST_F(CertificateTest, NeverOutlivesItsAuthority) {
  const Fleet brief(clock_.WallNow(), hours(2));
  EXPECT_EQ(brief.Leaf(brief.Form()).not_after(), brief.ca.not_after());
}

TEST_F(CertificateTest, LastsBeyondTheYear2050) {
  const Fleet old(clock_.WallNow(), hours(24 * 365 * 40));
  EXPECT_EQ(old.ca.not_after(), clock_.WallNow() + hours(24 * 365 * 40));
}

TEST_F(CertificateTest, IsDueForRenewalAtTwoThirdsOfItsLife) { EXPECT_EQ(RenewalTime(fleet_.Leaf(fleet_.Form())), fleet_.now + hours(16)); }

TEST_F(CertificateTest, RefusesTemplatesThatDoNotFit) {
  CertificateTemplate form = fleet_.Form();
  form.spiffe.name = "Not A Name";
  EXPECT_FALSE(Issue(form, fleet_.leaf_key.PublicKeyDer(), fleet_.ca, fleet_.key).ok());
  form = fleet_.Form();
  form.usage = Usage::kServer;
  form.dns_names = {"a,DNS:evil.example"};
  EXPECT_FALSE(Issue(form, fleet_.leaf_key.PublicKeyDer(), fleet_.ca, fleet_.key).ok());
  form = fleet_.Form();
  form.not_after = form.not_before;
  EXPECT_FALSE(Issue(form, fleet_.leaf_key.PublicKeyDer(), fleet_.ca, fleet_.key).ok());
  EXPECT_FALSE(Issue(fleet_.Form(), "not a key", fleet_.ca, fleet_.key).ok());
}

TEST_F(CertificateTest, RefusesGarbageAndTooMuch) {
  EXPECT_FALSE(Certificate::FromPem("").ok());
  EXPECT_FALSE(Certificate::FromPem("hello").ok());
  EXPECT_FALSE(Certificate::FromPem(std::string(100000, 'x')).ok());
  std::string many;
  for (std::size_t i = 0; i <= kMaxPemCertificates; ++i) many += fleet_.ca.ToPem();
  EXPECT_FALSE(Certificate::ChainFromPem(many).ok());
  EXPECT_FALSE(Certificate::ChainFromPem(fleet_.ca.ToPem() + "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n").ok());
}

TEST_F(CertificateTest, SurvivesDamagedPem) {
  const std::uint64_t seed = SecureSeed();
  std::cout << "seed " << seed << "\n";
  Random random(seed);
  const std::string pem = fleet_.Leaf(fleet_.Form()).ToPem() + fleet_.ca.ToPem();
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = pem;
    for (int edits = 0; edits < 3; ++edits) damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(128));
    const auto chain = Certificate::ChainFromPem(damaged);
    if (!chain.ok()) continue;
    for (const Certificate& certificate : *chain) {
      (void)certificate.Spiffe();
      (void)certificate.not_after();
      (void)certificate.PublicKeyDer();
      (void)Verify(certificate, fleet_.ca, Usage::kClient, fleet_.now);
    }
  }
}

}  // namespace
}  // namespace switchyard::tls
