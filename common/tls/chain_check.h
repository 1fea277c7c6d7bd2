// Whether a certificate chain with its key, or a bundle of CAs, is fit to be used; and if not, everything that is wrong with it.
//
// Asked by the controller when a Secret is applied, with the time of that moment, so that a certificate that would only fail at the first
// handshake is refused with its reason; and by agents when they build contexts.
// Thread-safety: pure functions. Cost: one signature verification per certificate, about 100 us each. Bounds: those of certificate.h.
// Source: RFC 5280 section 6; CA/Browser Forum Baseline Requirements 6.1.5 (RSA 2048) and 7.1.3 (no SHA-1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace switchyard::tls {

struct ChainProblem {
  // The text that is at fault: the private key, or else the certificates.
  bool in_key = false;
  // Starts with a verb: `is expired ...`. Never quotes a key.
  std::string reason;
};

// `key_pem` empty: only the certificates are looked at.
std::vector<ChainProblem> CheckKeyedChain(std::string_view chain_pem, std::string_view key_pem, WallTime now);
std::vector<ChainProblem> CheckCaBundle(std::string_view pem, WallTime now);

}  // namespace switchyard::tls
