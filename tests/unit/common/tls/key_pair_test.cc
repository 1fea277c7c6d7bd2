// Keys: P-256 in and out of PEM; other kinds and other text are refused.
#include "common/tls/key_pair.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "common/base/random.h"
#include "tests/unit/common/tls/foreign_keys.h"

namespace switchyard::tls {
namespace {

TEST(KeyPair, SurvivesPem) {
  const auto key = KeyPair::Generate();
  ASSERT_TRUE(key.ok());
  const auto pem = key->ToPem();
  ASSERT_TRUE(pem.ok());
  EXPECT_EQ(pem->find("-----BEGIN PRIVATE KEY-----"), 0u);
  const auto again = KeyPair::FromPem(*pem);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->PublicKeyDer(), key->PublicKeyDer());
}

TEST(KeyPair, DiffersEachTime) { EXPECT_NE(KeyPair::Generate()->PublicKeyDer(), KeyPair::Generate()->PublicKeyDer()); }

TEST(KeyPair, RefusesOtherCurvesAndPassphrases) {
  EXPECT_EQ(KeyPair::FromPem(kP384Key).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(KeyPair::FromPem(kEncryptedP256Key).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(KeyPair, RefusesGarbageAndTooMuch) {
  EXPECT_FALSE(KeyPair::FromPem("").ok());
  EXPECT_FALSE(KeyPair::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").ok());
  EXPECT_FALSE(KeyPair::FromPem(std::string(100000, 'A')).ok());
}

TEST(KeyPair, SurvivesDamagedPem) {
  const std::uint64_t seed = SecureSeed();
  std::cout << "seed " << seed << "\n";
  Random random(seed);
  const std::string pem = *KeyPair::Generate()->ToPem();
  for (int i = 0; i < 500; ++i) {
    std::string damaged = pem;
    for (int edits = 0; edits < 3; ++edits) damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    damaged.resize(random.Below(damaged.size()) + 1);
    (void)KeyPair::FromPem(damaged);
  }
}

}  // namespace
}  // namespace switchyard::tls
