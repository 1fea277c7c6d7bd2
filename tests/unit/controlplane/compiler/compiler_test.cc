// Goal: an agent gets exactly what its listeners reach, as the same bytes each time, and nothing that does not concern it changes its
// digest. Method: one small catalog with two sites, changed in one place per test; then random catalogs for the delta round trip, with a
// printed seed.
#include "controlplane/compiler/compiler.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/config/resource_key.h"
#include "common/config/snapshot_delta.h"
#include "common/config/snapshot_digest.h"

namespace switchyard::controlplane::compiler {
namespace {

using testing::ElementsAre;

void Put(store::Catalog& catalog, const std::string& text) {
  v1::Resource resource;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &resource)) << text;
  catalog.resources[{config::KindOf(resource), resource.name()}] = std::make_shared<const v1::Resource>(resource);
}

store::Catalog TwoSites() {
  store::Catalog catalog;
  catalog.generation = 42;
  Put(catalog,
      "name: 'west' generation: 3 updated { seconds: 9 } listener { port: 80 agents { match_labels { key: 'site' value: 'west' } } }");
  Put(catalog, "name: 'east' generation: 4 listener { port: 80 agents { match_labels { key: 'site' value: 'east' } } }");
  Put(catalog,
      "name: 'shop' labels { key: 'team' value: 'a' } route { listeners: 'west' listeners: 'east' forward { upstreams { upstream: 'shop' } "
      "} }");
  Put(catalog,
      "name: 'only-east' route { listeners: 'east' forward { upstreams { upstream: 'east' weight: 0 } upstreams { upstream: 'shop' } } }");
  Put(catalog, "name: 'shop' upstream { backends { address: '10.0.0.1:80' } }");
  Put(catalog, "name: 'east' upstream {}");
  Put(catalog, "name: 'unused' upstream {}");
  return catalog;
}

const Labels kWest = {{"site", "west"}, {"host", "w1"}};
const Labels kEast = {{"site", "east"}};

std::vector<std::string> Keys(const v1::Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const v1::Resource& resource : snapshot.resources()) out.push_back(config::ToString(config::KeyOf(resource)));
  return out;
}

TEST(Compile, SendsASecretOnlyToAgentsThatUseIt) {
  store::Catalog catalog = TwoSites();
  Put(catalog, "name: 'west' listener { port: 80 agents { match_labels { key: 'site' value: 'west' } } tls { certificates { secret: 'west-cert' } "
               "client_auth { ca: 'clients' } } }");
  Put(catalog, "name: 'east' upstream { tls { ca: 'backends' certificate: 'own' } }");
  for (const char* name : {"west-cert", "own", "clients", "backends", "unused"}) Put(catalog, std::string("name: '") + name + "' secret { ca { pem: 'x' } }");
  EXPECT_THAT(Keys(Compile(catalog, kWest)),
              ElementsAre("Listener/west", "Route/shop", "Upstream/shop", "Secret/clients", "Secret/west-cert"));
  const std::vector<std::string> east = Keys(Compile(catalog, kEast));
  EXPECT_THAT(east, testing::Contains("Secret/backends"));
  EXPECT_THAT(east, testing::Contains("Secret/own"));
  EXPECT_THAT(east, testing::Not(testing::Contains("Secret/west-cert")));
}

TEST(Selector, EmptySelectsEveryAgent) {
  EXPECT_TRUE(Selects(v1::AgentSelector(), {}));
  EXPECT_TRUE(Selects(v1::AgentSelector(), kWest));
}

TEST(Selector, EveryLabelMustBeThereWithItsValue) {
  v1::AgentSelector selector;
  (*selector.mutable_match_labels())["site"] = "west";
  EXPECT_TRUE(Selects(selector, kWest));
  EXPECT_FALSE(Selects(selector, kEast));
  EXPECT_FALSE(Selects(selector, {}));
  (*selector.mutable_match_labels())["host"] = "w2";
  EXPECT_FALSE(Selects(selector, kWest));
}

TEST(Compiler, AgentGetsWhatItsListenersReachInOrder) {
  const store::Catalog catalog = TwoSites();
  EXPECT_THAT(Keys(Compile(catalog, kWest)), ElementsAre("Listener/west", "Route/shop", "Upstream/shop"));
  EXPECT_THAT(Keys(Compile(catalog, kEast)),
              ElementsAre("Listener/east", "Route/only-east", "Route/shop", "Upstream/east", "Upstream/shop"));
}

TEST(Compiler, AgentWithoutListenersGetsAnEmptySnapshotWithDigest) {
  const v1::Snapshot snapshot = Compile(TwoSites(), {});
  EXPECT_EQ(snapshot.resources_size(), 0);
  EXPECT_EQ(snapshot.generation(), 42U);
  EXPECT_EQ(snapshot.digest(), config::SnapshotDigest({}));
}

TEST(Compiler, RouteKeepsTheListenersOfOthersAndItsLabels) {
  const v1::Snapshot snapshot = Compile(TwoSites(), kWest);
  EXPECT_THAT(snapshot.resources(1).route().listeners(), ElementsAre("west", "east"));
  EXPECT_EQ(snapshot.resources(1).labels().at("team"), "a");
}

TEST(Compiler, OutputOnlyFieldsAreCleared) {
  const v1::Snapshot snapshot = Compile(TwoSites(), kWest);
  for (const v1::Resource& resource : snapshot.resources()) {
    EXPECT_EQ(resource.generation(), 0U);
    EXPECT_FALSE(resource.has_updated());
  }
}

TEST(Compiler, DanglingReferencesArePassedOver) {
  store::Catalog catalog = TwoSites();
  catalog.resources.erase({v1::KIND_UPSTREAM, "shop"});
  EXPECT_THAT(Keys(Compile(catalog, kWest)), ElementsAre("Listener/west", "Route/shop"));
}

TEST(Compiler, EqualInputGivesEqualBytes) {
  const std::string bytes = Compile(TwoSites(), kWest).SerializeAsString();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Compile(TwoSites(), kWest).digest(), Compile(TwoSites(), kWest).digest());
  v1::Snapshot again;
  ASSERT_TRUE(again.ParseFromString(bytes));
  EXPECT_EQ(config::SnapshotDigest(again.resources()), again.digest());
}

TEST(Compiler, UnrelatedChangesKeepTheDigest) {
  store::Catalog catalog = TwoSites();
  const std::string before = Compile(catalog, kWest).digest();
  ++catalog.generation;
  Put(catalog, "name: 'unused' upstream { backends { address: '10.0.0.9:80' } }");
  Put(catalog, "name: 'east' upstream { backends { address: '10.0.0.8:80' } }");
  Put(catalog, "name: 'only-east' generation: 43 route { listeners: 'east' forward { upstreams { upstream: 'unused' } } }");
  Put(catalog,
      "name: 'west' generation: 99 updated { seconds: 10 } listener { port: 80 agents { match_labels { key: 'site' value: 'west' } } }");
  EXPECT_EQ(Compile(catalog, kWest).digest(), before);
  EXPECT_EQ(Compile(catalog, kWest).generation(), 43U);
  EXPECT_NE(Compile(catalog, kEast).digest(), Compile(TwoSites(), kEast).digest());
}

TEST(Compiler, EachReachedChangeChangesTheDigest) {
  const std::string before = Compile(TwoSites(), kWest).digest();
  for (const char* change : {"name: 'west' listener { port: 81 agents { match_labels { key: 'site' value: 'west' } } }",
                             "name: 'shop' upstream { backends { address: '10.0.0.2:80' } }",
                             "name: 'new' route { listeners: 'west' forward { upstreams { upstream: 'east' } } }"}) {
    store::Catalog catalog = TwoSites();
    Put(catalog, change);
    EXPECT_NE(Compile(catalog, kWest).digest(), before) << change;
  }
}

store::Catalog RandomCatalog(Random& random, std::uint64_t generation) {
  store::Catalog catalog;
  catalog.generation = generation;
  const auto number = [&](std::uint64_t below) { return std::to_string(random.Below(below)); };
  for (int i = 0; i < 8; ++i) {
    if (random.Below(3) == 0) continue;
    Put(catalog, "name: 'l" + std::to_string(i) + "' listener { port: 8" + number(9) + " }");
    Put(catalog, "name: 'r" + std::to_string(i) + "' labels { key: 'a' value: '" + number(3) +
                     "' } labels { key: 'b' } route { listeners: 'l" + number(8) + "' forward { upstreams { upstream: 'u" + number(8) +
                     "' } } }");
    Put(catalog, "name: 'u" + std::to_string(i) + "' upstream { backends { address: '10.0.0." + number(4) + ":80' } }");
  }
  return catalog;
}

TEST(Compiler, DeltaTurnsAnySnapshotIntoAnyOther) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  v1::Snapshot held = Compile(RandomCatalog(random, 1), {});
  for (std::uint64_t generation = 2; generation < 200; ++generation) {
    const v1::Snapshot next = Compile(RandomCatalog(random, generation), {});
    const auto applied = config::ApplyDelta(held, config::DiffSnapshots(held, next));
    ASSERT_TRUE(applied.ok()) << applied.status().ToString();
    ASSERT_EQ(applied->digest(), next.digest());
    ASSERT_EQ(config::SnapshotDigest(applied->resources()), next.digest());
    ASSERT_EQ(Keys(*applied), Keys(next));
    held = *applied;
  }
}

}  // namespace
}  // namespace switchyard::controlplane::compiler
