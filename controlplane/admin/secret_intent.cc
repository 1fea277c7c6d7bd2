#include "controlplane/admin/secret_intent.h"

#include "common/config/redaction.h"

namespace switchyard::controlplane::admin {

void CompleteSecrets(const store::Catalog& catalog, std::vector<v1::Resource>& upserts) {
  for (v1::Resource& resource : upserts) {
    config::DropFacts(resource);
    if (!resource.secret().has_certificate() || !resource.secret().certificate().private_key_pem().empty()) continue;
    const v1::Resource* stored = catalog.Find(v1::KIND_SECRET, resource.name());
    if (stored == nullptr) continue;
    resource.mutable_secret()->mutable_certificate()->set_private_key_pem(stored->secret().certificate().private_key_pem());
  }
}

}  // namespace switchyard::controlplane::admin
