// What Apply takes of Secrets: facts are the controller's to say, and a private key that was left out is the stored one.
//
// Answers never hold a private key, so what `get` printed has none; it can still be applied, with other labels, or with a renewed
// certificate for the same key. Thread-safety: pure function.
#pragma once

#include <vector>

#include "controlplane/store/catalog.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::admin {

void CompleteSecrets(const store::Catalog& catalog, std::vector<v1::Resource>& upserts);

}  // namespace switchyard::controlplane::admin
