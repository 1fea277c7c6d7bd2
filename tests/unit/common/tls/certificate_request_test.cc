// Certificate requests: made and read back; a request is believed only when its signature holds and its key is P-256.
#include "common/tls/certificate_request.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "common/base/random.h"
#include "tests/unit/common/tls/foreign_keys.h"

namespace switchyard::tls {
namespace {

TEST(CertificateRequest, CarriesThePublicKey) {
  const KeyPair key = *KeyPair::Generate();
  const auto pem = MakeCertificateRequest(key, "node-1");
  ASSERT_TRUE(pem.ok());
  const auto request = CertificateRequest::FromPem(*pem);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->public_key_der(), key.PublicKeyDer());
}

TEST(CertificateRequest, RefusesOtherKindsOfKey) {
  EXPECT_EQ(CertificateRequest::FromPem(kRsaRequest).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CertificateRequest::FromPem(kP384Request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CertificateRequest, RefusesGarbageAndTooMuch) {
  EXPECT_FALSE(CertificateRequest::FromPem("").ok());
  EXPECT_FALSE(CertificateRequest::FromPem("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n").ok());
  EXPECT_FALSE(CertificateRequest::FromPem(std::string(kMaxRequestBytes + 1, 'A')).ok());
}

TEST(CertificateRequest, BelievesNoDamagedRequest) {
  const std::uint64_t seed = SecureSeed();
  std::cout << "seed " << seed << "\n";
  Random random(seed);
  const KeyPair key = *KeyPair::Generate();
  const std::string pem = *MakeCertificateRequest(key, "node-1");
  const std::size_t begin = pem.find('\n') + 1;
  const std::size_t end = pem.find("\n-----END");
  for (int i = 0; i < 300; ++i) {
    std::string damaged = pem;
    char& at = damaged[begin + random.Below(end - begin)];
    if (at == '\n') continue;
    at = at == 'A' ? 'B' : 'A';
    const auto request = CertificateRequest::FromPem(damaged);
    // An edit of unused bits or of the signature's encoding may be harmless; then it is the same key still.
    EXPECT_TRUE(!request.ok() || request->public_key_der() == key.PublicKeyDer());
  }
}

}  // namespace
}  // namespace switchyard::tls
