#include "controlplane/validation/validator.h"

#include "common/config/resource_key.h"
#include "controlplane/validation/catalog_rules.h"
#include "controlplane/validation/field_checks.h"
#include "controlplane/validation/resource_rules.h"

namespace switchyard::controlplane::validation {

void ValidateResource(const v1::Resource& resource, config::ViolationList& out) {
  FieldChecks checks(config::KeyOf(resource), out);
  CheckEnvelope(resource, checks);
  switch (resource.spec_case()) {
    case v1::Resource::kListener:
      return CheckListener(resource.listener(), checks);
    case v1::Resource::kRoute:
      return CheckRoute(resource.route(), checks);
    case v1::Resource::kUpstream:
      return CheckUpstream(resource.upstream(), checks);
    case v1::Resource::SPEC_NOT_SET:
      return checks.Fail("spec", "is required: the fields of a Listener, Route or Upstream");
  }
}

void ValidateCatalog(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, config::ViolationList& out) {
  Touched keys;
  for (const v1::ResourceKey& key : touched) keys.emplace(key.kind(), key.name());
  for (const auto& [kind, name] : keys) {
    if (const v1::Resource* resource = candidate.Find(kind, name)) ValidateResource(*resource, out);
  }
  CheckReferences(candidate, keys, out);
  CheckPorts(candidate, keys, out);
}

}  // namespace switchyard::controlplane::validation
