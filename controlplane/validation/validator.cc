#include "controlplane/validation/validator.h"

#include "common/config/resource_key.h"
#include "controlplane/validation/catalog_limits.h"
#include "controlplane/validation/findings.h"
#include "controlplane/validation/label_rules.h"
#include "controlplane/validation/listener_rules.h"
#include "controlplane/validation/port_conflicts.h"
#include "controlplane/validation/references.h"
#include "controlplane/validation/route_forms.h"
#include "controlplane/validation/route_rules.h"
#include "controlplane/validation/secret_rules.h"
#include "controlplane/validation/upstream_rules.h"

namespace switchyard::controlplane::validation {

void ValidateResource(const v1::Resource& resource, WallTime now, config::ViolationList& out) {
  Findings findings(config::KeyOf(resource), out);
  CheckName("name", resource.name(), findings);
  CheckLabels("labels", resource.labels(), config::kMaxLabels, findings);
  switch (resource.spec_case()) {
    case v1::Resource::kListener:
      return CheckListener(resource.listener(), findings);
    case v1::Resource::kRoute:
      return CheckRoute(resource.route(), findings);
    case v1::Resource::kUpstream:
      return CheckUpstream(resource.upstream(), findings);
    case v1::Resource::kSecret:
      return CheckSecret(resource.secret(), now, findings);
    case v1::Resource::SPEC_NOT_SET:
      break;
  }
  findings.Add("spec", "is missing, or of a kind that this version does not know; expected a Listener, Route, Upstream or Secret");
}

namespace {

void ValidateTouched(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, WallTime now,
                     config::ViolationList& out) {
  for (const v1::ResourceKey& key : touched) {
    const v1::Resource* resource = candidate.Find(key.kind(), key.name());
    if (resource != nullptr) ValidateResource(*resource, now, out);
  }
  CheckCatalogLimits(candidate, touched, out);
}

}  // namespace

void ValidateCatalog(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, WallTime now,
                     config::ViolationList& out) {
  ValidateTouched(candidate, touched, now, out);
  CheckReferences(candidate, touched, Scope::kFleet, out);
  CheckRouteForms(candidate, out);
  CheckPortConflicts(candidate, touched, out);
}

void ValidatePart(const store::Catalog& part, const std::vector<v1::ResourceKey>& touched, WallTime now, config::ViolationList& out,
                  config::ViolationList& warnings) {
  ValidateTouched(part, touched, now, out);
  CheckReferences(part, touched, Scope::kPart, warnings);
  CheckRouteForms(part, out);
  CheckPortConflicts(part, touched, out);
}

}  // namespace switchyard::controlplane::validation
