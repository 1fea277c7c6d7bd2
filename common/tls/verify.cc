// Certificate::Verify, apart from parsing.
#include <openssl/x509_vfy.h>

#include "common/tls/certificate.h"
#include "common/tls/openssl_types.h"

namespace switchyard::tls {
namespace {

using X509Store = std::unique_ptr<X509_STORE, FreeBy<X509_STORE_free>>;
using X509StoreContext = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;

Trust FromError(int error) {
  switch (error) {
    case X509_V_OK:
      return Trust::kTrusted;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return Trust::kOtherAuthority;
    default:
      return Trust::kUnfit;
  }
}

int VerifySignature(X509* leaf, X509* ca, Usage usage) {
  const X509Store store(X509_STORE_new());
  const X509StoreContext context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr || X509_STORE_add_cert(store.get(), ca) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) != 1) {
    return X509_V_ERR_OUT_OF_MEM;
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(rules, usage == Usage::kClient ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_depth(rules, 1);
  // Time is ours to check: it comes from the caller's clock.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(context.get()) == 1) return X509_V_OK;
  return X509_STORE_CTX_get_error(context.get());
}

}  // namespace

Trust VerifyIgnoringTime(const Certificate& leaf, const Certificate& ca, Usage usage) {
  const Trust trust = FromError(VerifySignature(leaf.handle().certificate.get(), ca.handle().certificate.get(), usage));
  const bool poses_as_authority = trust == Trust::kTrusted && leaf.is_ca();
  ClearErrors();
  return poses_as_authority ? Trust::kUnfit : trust;
}

Trust Verify(const Certificate& leaf, const Certificate& ca, Usage usage, WallTime now) {
  // The signature first: a stranger learns nothing about times.
  const Trust trust = VerifyIgnoringTime(leaf, ca, usage);
  if (trust != Trust::kTrusted) return trust;
  if (now < leaf.not_before() || now < ca.not_before()) return Trust::kNotYetValid;
  if (now > leaf.not_after() || now > ca.not_after()) return Trust::kExpired;
  return Trust::kTrusted;
}

}  // namespace switchyard::tls
