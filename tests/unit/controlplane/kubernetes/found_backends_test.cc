// Goal: what is found joins intent, and what is not known takes nothing from anybody. Method: catalogs by hand, a clock that stands still.
#include "controlplane/kubernetes/found_backends.h"

#include <gtest/gtest.h>

#include "tests/unit/controlplane/resources.h"

namespace switchyard::controlplane::kubernetes {
namespace {

v1::Resource Found(const std::string& name, const std::string& service) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_upstream()->mutable_discovery()->mutable_kubernetes()->set_service(service);
  return resource;
}

CatalogPtr MakeCatalog(std::uint64_t generation, const std::vector<v1::Resource>& upstreams) {
  auto catalog = std::make_shared<store::Catalog>();
  catalog->generation = generation;
  for (const v1::Resource& upstream : upstreams) {
    catalog->resources[store::Catalog::Key(v1::KIND_UPSTREAM, upstream.name())] = std::make_shared<const v1::Resource>(upstream);
  }
  return catalog;
}

Endpoints List(const std::vector<std::string>& addresses) {
  Endpoints out;
  for (const std::string& address : addresses) out.backends.emplace_back().set_address(address);
  return out;
}

std::string BackendsOf(const CatalogPtr& catalog, const std::string& upstream) {
  std::string out;
  for (const v1::Backend& backend : catalog->Find(v1::KIND_UPSTREAM, upstream)->upstream().backends()) out += backend.address() + " ";
  return out;
}

class FoundBackendsTest : public testing::Test {
 protected:
  ManualClock clock_;
  int changes_ = 0;
  FoundBackends found_{&clock_, [this] { ++changes_; }};
  const v1::Resource app_ = Found("app", "shop");
  const v1::KubernetesDiscovery terms_ = app_.upstream().discovery().kubernetes();
};

TEST_F(FoundBackendsTest, ACatalogWithoutThemStaysAsItIs) {
  const auto catalog = MakeCatalog(1, {MakeUpstream("plain")});
  EXPECT_EQ(found_.Fill(catalog).catalog, catalog);
}

TEST_F(FoundBackendsTest, FillsInAndTellsOnlyOfChanges) {
  const auto catalog = MakeCatalog(1, {app_, MakeUpstream("plain")});
  found_.Fill(catalog);
  found_.Put("app", terms_, List({"10.0.0.1:80"}));
  EXPECT_EQ(changes_, 1);
  const Filled filled = found_.Fill(catalog);
  EXPECT_EQ(filled.wait, Duration::zero());
  EXPECT_EQ(filled.unknown, nullptr);
  EXPECT_EQ(BackendsOf(filled.catalog, "app"), "10.0.0.1:80 ");
  EXPECT_EQ(BackendsOf(filled.catalog, "plain"), "10.0.0.1:80 ");
  EXPECT_EQ(filled.catalog->generation, 1u);
  EXPECT_TRUE(BackendsOf(catalog, "app").empty()) << "intent is not touched";
  EXPECT_EQ(found_.Fill(catalog).catalog, filled.catalog) << "nothing changed, so the same object";
  found_.Put("app", terms_, List({"10.0.0.1:80"}));
  EXPECT_EQ(changes_, 1);
  found_.Put("app", terms_, List({}));
  EXPECT_EQ(changes_, 2);
  EXPECT_EQ(BackendsOf(found_.Fill(catalog).catalog, "app"), "") << "a list that is known to be empty is empty";
}

TEST_F(FoundBackendsTest, WhatWasThereBeforeTheStartIsUnknownUntilThereIsAnAnswer) {
  const auto catalog = MakeCatalog(5, {app_});
  EXPECT_EQ(found_.Fill(catalog).wait, FoundBackends::kFirstAnswer);
  clock_.Advance(FoundBackends::kFirstAnswer);
  Filled filled = found_.Fill(catalog);
  EXPECT_EQ(filled.wait, Duration::zero()) << "who needs it not waits no longer";
  ASSERT_NE(filled.unknown, nullptr);
  EXPECT_TRUE(filled.unknown->contains("app"));
  clock_.Advance(std::chrono::hours(1));
  EXPECT_NE(found_.Fill(catalog).unknown, nullptr) << "for as long as it takes";
  EXPECT_FALSE(found_.Status()[0].known);
  found_.Put("app", terms_, List({}));
  EXPECT_EQ(found_.Fill(catalog).unknown, nullptr);
}

TEST_F(FoundBackendsTest, ANewUpstreamIsWaitedForALittle) {
  found_.Fill(MakeCatalog(1, {}));
  const auto catalog = MakeCatalog(2, {app_});
  EXPECT_EQ(found_.Fill(catalog).wait, FoundBackends::kFirstAnswer);
  clock_.Advance(std::chrono::milliseconds(1500));
  EXPECT_EQ(found_.Fill(catalog).wait, std::chrono::milliseconds(500));
  // Another one does not make it longer.
  const auto next = MakeCatalog(3, {app_, Found("web", "web")});
  EXPECT_EQ(found_.Fill(next).wait, std::chrono::milliseconds(500));
  clock_.Advance(std::chrono::milliseconds(500));
  const Filled filled = found_.Fill(next);
  EXPECT_EQ(filled.wait, Duration::zero());
  EXPECT_EQ(filled.unknown, nullptr) << "nobody can lose backends by it";
  EXPECT_EQ(BackendsOf(filled.catalog, "app"), "");
}

TEST_F(FoundBackendsTest, OldListsHoldUnderNewTermsUntilTheAnswer) {
  found_.Fill(MakeCatalog(1, {app_}));
  found_.Put("app", terms_, List({"10.0.0.1:80"}));
  const v1::Resource moved = Found("app", "shop-v2");
  const auto catalog = MakeCatalog(2, {moved});
  EXPECT_EQ(BackendsOf(found_.Fill(catalog).catalog, "app"), "10.0.0.1:80 ");
  found_.Put("app", terms_, List({"10.0.0.7:80"}));
  EXPECT_EQ(BackendsOf(found_.Fill(catalog).catalog, "app"), "10.0.0.1:80 ") << "an answer to the old question";
  found_.Put("app", moved.upstream().discovery().kubernetes(), List({"10.0.0.2:80"}));
  EXPECT_EQ(BackendsOf(found_.Fill(catalog).catalog, "app"), "10.0.0.2:80 ");
}

TEST_F(FoundBackendsTest, ListsOutliveARestart) {
  found_.Fill(MakeCatalog(1, {app_}));
  found_.Put("app", terms_, List({"10.0.0.1:80", "10.0.0.2:80"}));
  FoundBackends again(&clock_, {});
  again.Restore(found_.Save());
  const Filled filled = again.Fill(MakeCatalog(1, {app_}));
  EXPECT_EQ(filled.wait, Duration::zero());
  EXPECT_EQ(filled.unknown, nullptr);
  EXPECT_EQ(BackendsOf(filled.catalog, "app"), "10.0.0.1:80 10.0.0.2:80 ");
  EXPECT_FALSE(again.Status()[0].answered);
}

TEST_F(FoundBackendsTest, AnOlderCatalogForgetsNothing) {
  const auto old = MakeCatalog(1, {});
  found_.Fill(old);
  const auto now = MakeCatalog(2, {app_});
  found_.Fill(now);
  found_.Put("app", terms_, List({"10.0.0.1:80"}));
  EXPECT_TRUE(found_.Fill(old).catalog->resources.empty());
  EXPECT_EQ(BackendsOf(found_.Fill(now).catalog, "app"), "10.0.0.1:80 ");
}

TEST_F(FoundBackendsTest, AnUpstreamThatIsDeletedIsForgotten) {
  found_.Fill(MakeCatalog(1, {app_}));
  found_.Put("app", terms_, List({"10.0.0.1:80"}));
  found_.Fill(MakeCatalog(2, {}));
  EXPECT_TRUE(found_.Status().empty());
  EXPECT_EQ(found_.Save().resources_size(), 0);
}

}  // namespace
}  // namespace switchyard::controlplane::kubernetes
