// Goal: violations are collected within bounds and read well. Method: lists filled by hand, up to and beyond each bound.
#include "common/config/violation.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace switchyard::config {
namespace {

using testing::HasSubstr;

v1::ResourceKey Upstream(const std::string& name) {
  v1::ResourceKey key;
  key.set_kind(v1::KIND_UPSTREAM);
  key.set_name(name);
  return key;
}

TEST(ViolationList, IsOkWhenEmpty) {
  const ViolationList list;
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.ToStatus().ok());
  EXPECT_EQ(list.ToProto().total(), 0U);
}

TEST(ViolationList, KeepsTheOrderOfFinding) {
  ViolationList list;
  list.Add(Upstream("b"), "spec.backends[2].address", "is no address");
  list.Add(Upstream("a"), "name", "is long");
  ASSERT_EQ(list.kept().size(), 2U);
  EXPECT_EQ(list.kept()[0].resource().name(), "b");
  EXPECT_EQ(list.kept()[1].field(), "name");
  EXPECT_EQ(list.ToStatus().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(list.ToStatus()), "Upstream/b: spec.backends[2].address: is no address (and 1 more)");
}

TEST(ViolationList, MeansTheWholeInputWithoutAKey) {
  ViolationList list;
  list.Add({}, "", "holds no resource");
  EXPECT_FALSE(list.kept()[0].has_resource());
  EXPECT_EQ(ToString(list.kept()[0]), "holds no resource");
}

TEST(ViolationList, KeepsAThousandAndCountsTheRest) {
  ViolationList list;
  for (int i = 0; i < 1'500; ++i) {
    EXPECT_EQ(list.full(), i >= 1'000);
    list.Add(Upstream("u"), "name", std::to_string(i));
  }
  list.Add(v1::Violation());
  EXPECT_EQ(list.kept().size(), 1'000U);
  EXPECT_EQ(list.kept().back().reason(), "999");
  EXPECT_EQ(list.total(), 1'501U);
  EXPECT_EQ(list.ToProto().violations_size(), 1'000);
  EXPECT_EQ(list.ToProto().total(), 1'501U);
  EXPECT_THAT(std::string(Message(list.ToStatus())), HasSubstr("(and 1500 more)"));
}

TEST(ViolationList, CutsLongTextsAndMendsBadUtf8) {
  ViolationList list;
  list.Add(Upstream("u\xff"), std::string(5'000, 'f'), "a\x80z");
  const v1::Violation& kept = list.kept()[0];
  EXPECT_EQ(kept.resource().name(), "u?");
  EXPECT_EQ(kept.field(), std::string(ViolationList::kMaxTextBytes, 'f') + "...");
  EXPECT_EQ(kept.reason(), "a?z");
}

TEST(ViolationText, GivesThePlaceFirst) {
  v1::Violation violation;
  violation.set_reason("is wrong");
  violation.set_line(3);
  violation.set_column(7);
  EXPECT_EQ(ToString(violation), "line 3, column 7: is wrong");
  violation.set_file("a.yaml");
  *violation.mutable_resource() = Upstream("u");
  violation.set_field("spec");
  EXPECT_EQ(ToString(violation), "a.yaml:3:7: Upstream/u: spec: is wrong");
  violation.clear_line();
  EXPECT_EQ(ToString(violation), "a.yaml: Upstream/u: spec: is wrong");
}

TEST(CleanText, NeverCutsWithinACharacter) {
  EXPECT_EQ(CleanText("h\xc3\xa9llo", 2), "h...");
  EXPECT_EQ(CleanText("h\xc3\xa9llo", 3), "h\xc3\xa9...");
  EXPECT_EQ(CleanText("\xf0\x9f\x9a\x82", 4), "\xf0\x9f\x9a\x82");
  EXPECT_EQ(CleanText("\xf0\x9f\x9a", 9), "???");
  EXPECT_EQ(CleanText("", 0), "");
}

}  // namespace
}  // namespace switchyard::config
