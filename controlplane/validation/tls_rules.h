// The field rules of TLS on listeners and upstreams, and what is allowed but worth a warning.
//
// Thread-safety: pure functions. Whether the Secrets that they name exist is references.h's to say.
#pragma once

#include "common/base/clock.h"
#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {

void CheckListenerTls(const v1::ListenerTls& tls, Findings& out);
void CheckUpstreamTls(const v1::Upstream& upstream, Findings& out);

// Within this of its end a certificate is worth a warning.
inline constexpr Duration kExpiresSoon = std::chrono::hours(24) * 14;
// What is not refused but should be known: verification that was turned off, a certificate that ends soon.
void AddTlsWarnings(const v1::Resource& resource, WallTime now, config::ViolationList& out);

}  // namespace switchyard::controlplane::validation
