// Goal: a catalog has an end, and a fleet that reached it can still shrink.
// Method: catalogs of shared resources just at and beyond the bound.
#include "controlplane/validation/catalog_limits.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

store::Catalog Upstreams(std::size_t count, int backends) {
  v1::Resource resource;
  for (int i = 0; i < backends; ++i) resource.mutable_upstream()->add_backends();
  const auto shared = std::make_shared<const v1::Resource>(resource);
  store::Catalog catalog;
  for (std::size_t i = 0; i < count; ++i) catalog.resources[{v1::KIND_UPSTREAM, "u" + std::to_string(i)}] = shared;
  return catalog;
}

std::size_t Violations(const store::Catalog& catalog, const std::string& touched) {
  config::ViolationList out;
  CheckCatalogLimits(catalog, {Key(v1::KIND_UPSTREAM, touched)}, out);
  return out.total();
}

TEST(CatalogLimits, ResourcesAreCounted) {
  EXPECT_EQ(Violations(Upstreams(kMaxCatalogResources, 0), "u0"), 0U);
  EXPECT_EQ(Violations(Upstreams(kMaxCatalogResources + 1, 0), "u0"), 1U);
}

TEST(CatalogLimits, BackendsOfAllUpstreamsAreCounted) {
  EXPECT_EQ(Violations(Upstreams(kMaxCatalogBackends / 5000, 5000), "u0"), 0U);
  EXPECT_EQ(Violations(Upstreams(kMaxCatalogBackends / 5000 + 1, 5000), "u0"), 1U);
}

TEST(CatalogLimits, DeleteIsNeverRefusedForSize) { EXPECT_EQ(Violations(Upstreams(kMaxCatalogResources + 1, 0), "gone"), 0U); }

}  // namespace
}  // namespace switchyard::controlplane::validation
