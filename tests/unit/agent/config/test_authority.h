// TestAuthority: a certificate authority for tests: makes a CA, a controller's leaf, and agents' certificates on request.
#pragma once

#include <string>

#include "agent/config/identity_files.h"
#include "common/tls/certificate.h"
#include "common/tls/certificate_request.h"
#include "common/tls/issue.h"
#include "common/tls/key_pair.h"

namespace switchyard::agent::config {

class TestAuthority {
 public:
  explicit TestAuthority(WallTime now) : now_(now), key_(*tls::KeyPair::Generate()), ca_(MakeCa()) {}

  std::string ca_pem() const { return ca_.ToPem(); }
  const tls::Certificate& ca() const { return ca_; }

  // A leaf for this key, valid from `now` for `life`.
  std::string Certify(const std::string& public_key_der, const std::string& node, WallTime now, Duration life,
                      tls::Role role = tls::Role::kAgent) const {
    tls::CertificateTemplate form;
    form.common_name = node;
    form.spiffe = {"switchyard", role, node};
    form.not_before = now;
    form.not_after = now + life;
    form.usage = role == tls::Role::kController ? tls::Usage::kServer : tls::Usage::kClient;
    if (role == tls::Role::kController) form.dns_names = {"controller.switchyard", "localhost"};
    return tls::Issue(form, public_key_der, ca_, key_)->ToPem();
  }
  std::string CertifyRequest(const std::string& csr_pem, const std::string& node, WallTime now, Duration life) const {
    return Certify(tls::CertificateRequest::FromPem(csr_pem)->public_key_der(), node, now, life);
  }
  Identity MakeAgent(const std::string& node, WallTime now, Duration life) const {
    const tls::KeyPair key = *tls::KeyPair::Generate();
    return *MakeIdentity(*key.ToPem(), Certify(key.PublicKeyDer(), node, now, life), ca_pem());
  }

 private:
  tls::Certificate MakeCa() const {
    tls::CertificateTemplate form;
    form.common_name = "test CA";
    form.spiffe = {"switchyard", tls::Role::kAuthority, ""};
    form.not_before = now_ - std::chrono::hours(1);
    form.not_after = now_ + std::chrono::hours(10'000);
    return *tls::SelfSign(form, key_);
  }

  WallTime now_;
  tls::KeyPair key_;
  tls::Certificate ca_;
};

// Whole seconds, as certificates have them.
inline WallTime WholeSeconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace switchyard::agent::config
