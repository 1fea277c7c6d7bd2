#include "agent/tls/failure.h"

#include <openssl/err.h>

namespace switchyard::agent::tls {
namespace {

// The reason of the first error of this library, which is what the later ones follow from; 0: none.
int TakeReason() {
  int reason = 0;
  while (const unsigned long error = ERR_get_error()) {
    if (reason == 0 && ERR_GET_LIB(error) == ERR_LIB_SSL) reason = ERR_GET_REASON(error);
  }
  return reason;
}

bool LooksLikeHttp(const SocketBio& socket) { return socket.first >= 'A' && socket.first <= 'Z'; }

// OpenSSL has a code for the peer's alert: SSL_AD_REASON_OFFSET and the alert.
bool IsAlert(int reason) { return reason >= SSL_AD_REASON_OFFSET; }

bool IsWrongName(long verdict) {
  return verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH || verdict == X509_V_ERR_APPLICATION_VERIFICATION;
}

}  // namespace

Cause ServerFailure(SSL* ssl, int end, const SocketBio& socket) {
  const int reason = TakeReason();
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return Cause::kTlsPlainHttp;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return Cause::kTlsVersionNotShared;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Cause::kTlsNothingShared;
    case SSL_R_CALLBACK_FAILED:
    case SSL_R_CLIENTHELLO_TLSEXT:
      return Cause::kTlsUnknownServerName;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Cause::kTlsClientCertificateMissing;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Cause::kTlsClientCertificateRefused;
    default:
      break;
  }
  if (LooksLikeHttp(socket)) return Cause::kTlsPlainHttp;
  const bool gone = end == SSL_ERROR_ZERO_RETURN || socket.ended || (end == SSL_ERROR_SYSCALL && reason == 0);
  static_cast<void>(ssl);
  return gone || IsAlert(reason) ? Cause::kTlsRefusedByClient : Cause::kTlsHandshakeFailed;
}

Cause ClientFailure(SSL* ssl, int) {
  const int reason = TakeReason();
  if (reason != SSL_R_CERTIFICATE_VERIFY_FAILED) return Cause::kUpstreamTlsFailed;
  return IsWrongName(SSL_get_verify_result(ssl)) ? Cause::kUpstreamTlsWrongName : Cause::kUpstreamTlsUntrusted;
}

}  // namespace switchyard::agent::tls
