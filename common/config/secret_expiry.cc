#include "common/config/secret_expiry.h"

#include <algorithm>

#include "common/tls/certificate.h"

namespace switchyard::config {

std::optional<WallTime> EarliestEnd(const v1::Secret& secret) {
  const auto certificates = secret.has_certificate() ? tls::Certificate::ChainFromPem(secret.certificate().chain_pem())
                                                     : tls::Certificate::BundleFromPem(secret.ca().pem());
  if (!certificates.ok()) return std::nullopt;
  WallTime earliest = certificates->front().not_after();
  for (const tls::Certificate& certificate : *certificates) earliest = std::min(earliest, certificate.not_after());
  return earliest;
}

}  // namespace switchyard::config
