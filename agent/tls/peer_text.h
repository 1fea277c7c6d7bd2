// The verified certificate of a client as text for backends. For this folder only.
#pragma once

#include <string>

#include "common/tls/openssl_types.h"

namespace switchyard::agent::tls {

// `Hash=<sha256 hex>;Subject="CN=a";URI=spiffe://td/x;DNS=a.example`, the form of `X-Forwarded-Client-Cert` that Envoy made common. At
// most 16 names. Text in quotes has `"` and `\` escaped; a name with a character that could pass for syntax is left out.
std::string ForwardedCertificate(X509* leaf);

}  // namespace switchyard::agent::tls
