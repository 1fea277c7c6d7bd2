// Why a handshake failed, from what OpenSSL says. For this folder only.
#pragma once

#include "agent/tls/socket_bio.h"
#include "common/base/cause.h"

namespace switchyard::agent::tls {

// Takes the error queue of this thread. `end`: SSL_get_error after the failed step.
Cause ServerFailure(SSL* ssl, int end, const SocketBio& socket);
Cause ClientFailure(SSL* ssl, int end);

}  // namespace switchyard::agent::tls
