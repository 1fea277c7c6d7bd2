// Goal: no committed catalog holds a route that names what is not there, and the message says which of the ways it came to be.
// Method: hand-made catalogs, with the keys that a change would touch.
#include "controlplane/validation/references.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/validation/rule_case.h"

namespace switchyard::controlplane::validation {
namespace {

v1::Resource Listener(const std::string& name, int port = 8080) {
  return MakeResource("name: '" + name + "' listener { port: " + std::to_string(port) + " }");
}
v1::Resource Upstream(const std::string& name) { return MakeResource("name: '" + name + "' upstream {}"); }
v1::Resource Route(const std::string& name, const std::string& listener, const std::string& upstream) {
  return MakeResource("name: '" + name + "' route { listeners: '" + listener + "' forward { upstreams { upstream: '" + upstream +
                      "' } } }");
}

std::vector<v1::Violation> Check(const store::Catalog& catalog, const std::vector<v1::ResourceKey>& touched) {
  config::ViolationList out;
  ValidateCatalog(catalog, touched, WallTime(), out);
  return out.kept();
}

TEST(References, WholeCatalogIsInOrder) {
  const store::Catalog catalog = MakeCatalog({Listener("web"), Upstream("shop"), Route("r", "web", "shop")});
  EXPECT_TRUE(Check(catalog, AllKeys(catalog)).empty());
}

TEST(References, EachDanglingNameIsReportedWithItsField) {
  const store::Catalog catalog = MakeCatalog({Route("r", "web", "shop")});
  const auto found = Check(catalog, AllKeys(catalog));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].field(), "spec.listeners[0]");
  EXPECT_NE(found[0].reason().find("Listener \"web\", which does not exist"), std::string::npos) << found[0].reason();
  EXPECT_EQ(found[1].field(), "spec.forward.upstreams[0].upstream");
  EXPECT_EQ(found[1].resource().name(), "r");
  EXPECT_EQ(found[1].resource().kind(), v1::KIND_ROUTE);
}

TEST(References, NearNameIsSuggested) {
  const store::Catalog catalog = MakeCatalog({Listener("web"), Upstream("checkout"), Route("r", "web", "chekcout")});
  const auto found = Check(catalog, AllKeys(catalog));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].reason().find("did you mean \"checkout\"?"), std::string::npos) << found[0].reason();
}

TEST(References, NameOfAnotherKindDoesNotCount) {
  const store::Catalog catalog = MakeCatalog({Listener("web"), Listener("shop", 81), Route("r", "web", "shop")});
  EXPECT_EQ(Check(catalog, AllKeys(catalog)).size(), 1U);
}

TEST(References, DeleteThatLeavesADanglingRouteIsRefused) {
  const store::Catalog after = MakeCatalog({Listener("web"), Route("r", "web", "shop")});
  const auto found = Check(after, {Key(v1::KIND_UPSTREAM, "shop")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].resource().name(), "r");
  EXPECT_NE(found[0].reason().find("which this change deletes"), std::string::npos) << found[0].reason();
}

TEST(References, DeleteOfRouteAndUpstreamTogetherIsInOrder) {
  const store::Catalog after = MakeCatalog({Listener("web")});
  EXPECT_TRUE(Check(after, {Key(v1::KIND_UPSTREAM, "shop"), Key(v1::KIND_ROUTE, "r")}).empty());
}

TEST(References, FieldRulesAreAskedOfTouchedResourcesOnly) {
  v1::Resource old = Upstream("old");
  old.mutable_upstream()->mutable_pool()->set_max_pending(1'000'000);
  const store::Catalog catalog = MakeCatalog({old, Upstream("fresh")});
  EXPECT_TRUE(Check(catalog, {Key(v1::KIND_UPSTREAM, "fresh")}).empty());
  EXPECT_EQ(Check(catalog, {Key(v1::KIND_UPSTREAM, "old")}).size(), 1U);
}

TEST(References, LargeCatalogWithManyDanglingNamesIsStillCounted) {
  std::vector<v1::Resource> resources = {Listener("web")};
  for (int i = 0; i < 10'000; ++i) {
    resources.push_back(Upstream("upstream-with-a-long-name-" + std::to_string(i)));
    resources.push_back(Route("route-" + std::to_string(i), "web", "upstream-with-a-long-nome-" + std::to_string(i)));
  }
  const store::Catalog catalog = MakeCatalog(resources);
  config::ViolationList out;
  ValidateCatalog(catalog, AllKeys(catalog), WallTime(), out);
  EXPECT_EQ(out.total(), 10'000U);
  EXPECT_EQ(out.kept().size(), config::ViolationList::kMaxKept);
}

TEST(References, AMirrorNeedsAnUpstreamWithoutProxyProtocol) {
  const auto check = [](const std::string& upstream) {
    v1::Resource route = Route("r", "web", "shop");
    route.mutable_route()->mutable_mirror()->set_upstream("shadow");
    const store::Catalog catalog = MakeCatalog({Listener("web"), Upstream("shop"), MakeResource("name: 'shadow' upstream { " + upstream + " }"), route});
    // The route is at fault whichever of the two was changed last.
    return Check(catalog, {Key(v1::KIND_UPSTREAM, "shadow")});
  };
  EXPECT_TRUE(check("").empty());
  EXPECT_TRUE(check("proxy_protocol: PROXY_PROTOCOL_VERSION_NONE").empty());
  for (const char* version : {"V1", "V2"}) {
    const auto found = check(std::string("proxy_protocol: PROXY_PROTOCOL_VERSION_") + version);
    ASSERT_EQ(found.size(), 1U) << version;
    EXPECT_EQ(found[0].resource().name(), "r");
    EXPECT_EQ(found[0].field(), "spec.mirror.upstream");
    EXPECT_NE(found[0].reason().find("mirror to an upstream without `proxy_protocol`"), std::string::npos) << found[0].reason();
  }
}

}  // namespace
}  // namespace switchyard::controlplane::validation
