// Goal: a field, or the nearest thing around an absent one, is found where it was put. Method: small maps filled by hand.
#include "common/config/source_map.h"

#include <string>

#include <gtest/gtest.h>

namespace switchyard::config {
namespace {

v1::ResourceKey Key(v1::Kind kind, const std::string& name) {
  v1::ResourceKey key;
  key.set_kind(kind);
  key.set_name(name);
  return key;
}

class SourceMapTest : public testing::Test {
 protected:
  SourceMapTest() {
    const std::size_t a = map_.AddResource({1, 1});
    map_.SetKey(a, Key(v1::KIND_UPSTREAM, "a"));
    map_.AddField(a, "spec", {3, 1});
    map_.AddField(a, "spec.backends", {4, 3});
    map_.AddField(a, "spec.backends[1]", {6, 7});
    map_.AddField(a, "spec.backends[1].address", {6, 8});
    map_.AddField(a, "labels", {2, 1});
    map_.AddField(a, "labels[a.b]", {2, 9});
    const std::size_t b = map_.AddResource({20, 1});
    map_.SetKey(b, Key(v1::KIND_ROUTE, "a"));
    map_.AddField(b, "spec", {22, 1});
    map_.Seal();
  }

  std::string At(const v1::ResourceKey& key, std::string_view path) const {
    const SourcePosition position = map_.Find(key, path);
    return std::to_string(position.line) + ":" + std::to_string(position.column);
  }
  std::string At(std::string_view path) const { return At(Key(v1::KIND_UPSTREAM, "a"), path); }

  SourceMap map_{"f.yaml"};
};

TEST_F(SourceMapTest, FindsEachFieldWhereItWasPut) {
  EXPECT_EQ(At("spec.backends[1].address"), "6:8");
  EXPECT_EQ(At("spec.backends[1]"), "6:7");
  EXPECT_EQ(At("labels[a.b]"), "2:9");
  EXPECT_EQ(map_.file(), "f.yaml");
}

TEST_F(SourceMapTest, FallsBackToTheNearestThingAround) {
  EXPECT_EQ(At("spec.backends[1].labels[x.y]"), "6:7");
  EXPECT_EQ(At("spec.backends[7].address"), "4:3");
  EXPECT_EQ(At("spec.pool.max_pending"), "3:1");
  EXPECT_EQ(At("labels[c.d]"), "2:1");
  EXPECT_EQ(At("labels.c"), "2:1");
  EXPECT_EQ(At("name"), "1:1");
  EXPECT_EQ(At(""), "1:1");
}

TEST_F(SourceMapTest, TellsKindsApart) {
  EXPECT_EQ(At(Key(v1::KIND_ROUTE, "a"), "spec.backends"), "22:1");
  EXPECT_EQ(At(Key(v1::KIND_LISTENER, "a"), "spec"), "0:0");
  EXPECT_EQ(At(Key(v1::KIND_UPSTREAM, "c"), "spec"), "0:0");
}

TEST_F(SourceMapTest, KnowsNothingBeyondItsResources) {
  EXPECT_EQ(map_.Find(std::size_t{2}, "spec").line, 0U);
  EXPECT_EQ(SourceMap().Find(std::size_t{0}, "").line, 0U);
}

TEST(SourceMap, FindsTheFirstOfEqualKeys) {
  SourceMap map;
  map.SetKey(map.AddResource({1, 1}), Key(v1::KIND_ROUTE, "r"));
  map.SetKey(map.AddResource({9, 1}), Key(v1::KIND_ROUTE, "r"));
  map.Seal();
  EXPECT_EQ(map.Find(Key(v1::KIND_ROUTE, "r"), "").line, 1U);
}

}  // namespace
}  // namespace switchyard::config
