// Goal: equal meaning gives equal digests, different meaning different ones, on every machine and in every version. Method: known bytes and
// random resources (the seed is printed).
#include "common/config/snapshot_digest.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/tls/sha256.h"
#include "tests/unit/common/config/random_resource.h"

namespace switchyard::config {
namespace {

using Resources = google::protobuf::RepeatedPtrField<v1::Resource>;

v1::Resource& AddUpstream(const std::string& name, Resources& to) {
  v1::Resource& resource = *to.Add();
  resource.set_name(name);
  resource.mutable_upstream();
  return resource;
}

TEST(SnapshotDigest, OfNothingIsThatOfNoBytes) { EXPECT_EQ(SnapshotDigest({}), tls::Sha256("")); }

TEST(SnapshotDigest, IsTakenOverTheDocumentedBytes) {
  Resources resources;
  AddUpstream("ab", resources);
  // Kind 3, length 2, `ab`, length 6: field 1 = `ab`, field 12 = an empty message.
  const std::string bytes("\x03\x00\x00\x00\x02"
                          "ab\x00\x00\x00\x06\x0a\x02"
                          "ab\x62\x00",
                          17);
  EXPECT_EQ(tls::ToHex(SnapshotDigest(resources)), tls::ToHex(tls::Sha256(bytes)));
}

TEST(SnapshotDigest, LeavesOutputOnlyFieldsOut) {
  Resources plain;
  AddUpstream("a", plain);
  Resources stored = plain;
  stored[0].set_generation(9);
  stored[0].mutable_updated()->set_seconds(5);
  EXPECT_EQ(SnapshotDigest(plain), SnapshotDigest(stored));
  EXPECT_EQ(stored[0].generation(), 9U);
}

TEST(SnapshotDigest, DoesNotDependOnTheOrderOfMapEntries) {
  Resources forward;
  Resources backward;
  v1::Resource& f = AddUpstream("a", forward);
  v1::Resource& b = AddUpstream("a", backward);
  for (int i = 0; i < 50; ++i) {
    (*f.mutable_labels())["k" + std::to_string(i)] = "v";
    (*b.mutable_labels())["k" + std::to_string(49 - i)] = "v";
  }
  EXPECT_EQ(SnapshotDigest(forward), SnapshotDigest(backward));
}

TEST(SnapshotDigest, SurvivesTheWire) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 200; ++i) {
    Resources sent;
    *sent.Add() = tests::RandomResource(random);
    Resources received;
    ASSERT_TRUE(received.Add()->ParseFromString(sent[0].SerializeAsString()));
    ASSERT_EQ(SnapshotDigest(sent), SnapshotDigest(received));
  }
}

TEST(SnapshotDigest, CoversFieldsOfANewerVersion) {
  Resources resources;
  AddUpstream("a", resources);
  const std::string before = SnapshotDigest(resources);
  resources[0].GetReflection()->MutableUnknownFields(&resources[0])->AddVarint(30, 1);
  EXPECT_NE(SnapshotDigest(resources), before);
}

TEST(SnapshotDigest, TellsNeighboursApart) {
  std::set<std::string> digests;
  const auto add = [&digests](const Resources& resources) { EXPECT_TRUE(digests.insert(SnapshotDigest(resources)).second); };
  Resources one;
  AddUpstream("a", one);
  add({});
  add(one);
  Resources renamed;
  AddUpstream("b", renamed);
  add(renamed);
  Resources weighted = one;
  weighted[0].mutable_upstream()->add_backends()->set_weight(0);
  add(weighted);
  weighted[0].mutable_upstream()->mutable_backends(0)->clear_weight();
  add(weighted);
  Resources both = one;
  AddUpstream("b", both);
  add(both);
  Resources other_kind;
  other_kind.Add()->set_name("a");
  other_kind[0].mutable_listener();
  add(other_kind);
}

}  // namespace
}  // namespace switchyard::config
