// Certificate: one X.509 certificate, parsed; and the question whether it may be trusted at a given time.
//
// Source: RFC 5280 (path validation by OpenSSL, with the caller's time), X509-SVID (exactly one URI SAN names the holder).
// Thread-safety: immutable after construction; copies share. Cost: parsing about 20 us, `Verify` about 150 us (one P-256 verification).
// Bounds: PEM input is at most 64 KiB and 8 certificates. Errors: INVALID_ARGUMENT for text that is not a certificate.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/spiffe_id.h"

namespace switchyard::tls {

inline constexpr std::size_t kMaxPemBytes = 64 * 1024;
inline constexpr std::size_t kMaxPemCertificates = 8;
inline constexpr std::size_t kMaxBundleBytes = 512 * 1024;
inline constexpr std::size_t kMaxBundleCertificates = 256;

class Certificate {
 public:
  // The first certificate in `pem`; what follows it must be certificates too.
  static absl::StatusOr<Certificate> FromPem(std::string_view pem);
  // All of them, in order; at least one.
  static absl::StatusOr<std::vector<Certificate>> ChainFromPem(std::string_view pem);
  // As ChainFromPem, within other bounds: kMaxBundleBytes and kMaxBundleCertificates.
  static absl::StatusOr<std::vector<Certificate>> BundleFromPem(std::string_view pem);

  std::string ToPem() const;
  std::string ToDer() const;
  // SHA-256 of the DER form: 32 raw bytes.
  std::string Fingerprint() const;

  WallTime not_before() const;
  WallTime not_after() const;
  bool is_ca() const;
  // The holder by its URI SAN. INVALID_ARGUMENT when there is not exactly one, or it is not ours.
  absl::StatusOr<SpiffeId> Spiffe() const;
  std::vector<std::string> DnsNames() const;
  // SubjectPublicKeyInfo, DER. Compare with `KeyPair::PublicKeyDer`.
  std::string PublicKeyDer() const;

  // OpenSSL's object (X509), for the homes of OpenSSL only.
  struct Handle;
  const Handle& handle() const { return *handle_; }
  explicit Certificate(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}

 private:
  std::shared_ptr<const Handle> handle_;
};

// What a certificate is to be used for.
enum class Usage { kClient, kServer };

enum class Trust {
  kTrusted,
  // Its life is over, or has not begun, at the given time. Both only when the rest holds.
  kExpired,
  kNotYetValid,
  // Not signed by this CA.
  kOtherAuthority,
  // Signed by it, but not for this usage, or malformed in another way.
  kUnfit,
};

// Whether `ca` vouches for `leaf` at `now`. A CA certificate is never trusted as a leaf.
Trust Verify(const Certificate& leaf, const Certificate& ca, Usage usage, WallTime now);
// The same without times: never kExpired nor kNotYetValid. For callers that remember the verdict and check times at each use.
Trust VerifyIgnoringTime(const Certificate& leaf, const Certificate& ca, Usage usage);

// When to renew: at 2/3 of the life of a certificate.
WallTime RenewalTime(const Certificate& certificate);

}  // namespace switchyard::tls
