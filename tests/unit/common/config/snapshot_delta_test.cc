// Goal: a delta turns one snapshot into the other exactly, and never into anything else. Method: random pairs of snapshots (the seed is printed),
// then deltas with one thing wrong each.
#include "common/config/snapshot_delta.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/config/resource_key.h"
#include "common/config/snapshot_digest.h"
#include "tests/unit/common/config/random_resource.h"

namespace switchyard::config {
namespace {

using testing::HasSubstr;
using Catalog = std::map<std::pair<int, std::string>, v1::Resource>;

v1::Snapshot MakeSnapshot(std::uint64_t generation, const Catalog& catalog) {
  v1::Snapshot snapshot;
  snapshot.set_generation(generation);
  for (const auto& [key, resource] : catalog) *snapshot.add_resources() = resource;
  snapshot.set_digest(SnapshotDigest(snapshot.resources()));
  return snapshot;
}

void Put(v1::Resource resource, Catalog& catalog) {
  resource.clear_generation();
  resource.clear_updated();
  const std::pair<int, std::string> key(KindOf(resource), resource.name());
  catalog[key] = std::move(resource);
}

v1::Resource SmallResource(Random& random) {
  v1::Resource resource = tests::RandomResource(random);
  // Few names, so that catalogs overlap.
  resource.set_name("n" + std::to_string(random.Below(12)));
  return resource;
}

// Drops some, changes some, adds some.
Catalog Changed(const Catalog& from, Random& random) {
  Catalog to;
  for (const auto& [key, resource] : from) {
    const std::uint64_t fate = random.Below(4);
    if (fate == 0) continue;
    v1::Resource next = resource;
    if (fate == 1) (*next.mutable_labels())["changed"] = std::to_string(random.Below(100));
    Put(std::move(next), to);
  }
  for (std::uint64_t n = random.Below(5); n > 0; --n) Put(SmallResource(random), to);
  return to;
}

// Equality to the byte, with map entries in order.
std::string Bytes(const v1::Snapshot& snapshot) {
  std::string out = std::to_string(snapshot.generation()) + "|" + snapshot.digest();
  for (const v1::Resource& resource : snapshot.resources()) out += "|" + CanonicalBytes(resource);
  return out;
}

TEST(SnapshotDelta, TurnsAnySnapshotIntoAnyOther) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    Catalog catalog;
    for (std::uint64_t n = random.Below(12); n > 0; --n) Put(SmallResource(random), catalog);
    const v1::Snapshot from = MakeSnapshot(round, catalog);
    const v1::Snapshot to = MakeSnapshot(round + 1, Changed(catalog, random));
    const absl::StatusOr<v1::Snapshot> diffed = ApplyDelta(from, DiffSnapshots(from, to));
    ASSERT_TRUE(diffed.ok()) << diffed.status();
    ASSERT_EQ(Bytes(*diffed), Bytes(to));
    const absl::StatusOr<v1::Snapshot> full = ApplyDelta(from, FullDelta(to));
    ASSERT_TRUE(full.ok()) << full.status();
    ASSERT_EQ(Bytes(*full), Bytes(to));
  }
}

TEST(SnapshotDelta, HoldsOnlyWhatDiffers) {
  Random random(1);
  Catalog catalog;
  for (int i = 0; i < 30; ++i) Put(SmallResource(random), catalog);
  Catalog next = catalog;
  next.begin()->second.mutable_labels()->insert({"new", "label"});
  const std::string gone = std::prev(next.end())->second.name();
  next.erase(std::prev(next.end()));
  const v1::ConfigDelta delta = DiffSnapshots(MakeSnapshot(4, catalog), MakeSnapshot(5, next));
  EXPECT_FALSE(delta.full());
  EXPECT_EQ(delta.from_generation(), 4U);
  EXPECT_EQ(delta.to_generation(), 5U);
  ASSERT_EQ(delta.upserts_size(), 1);
  EXPECT_EQ(delta.upserts(0).name(), next.begin()->second.name());
  ASSERT_EQ(delta.removals_size(), 1);
  EXPECT_EQ(delta.removals(0).name(), gone);
}

TEST(SnapshotDelta, IsEmptyBetweenEqualSnapshots) {
  Random random(2);
  Catalog catalog;
  for (int i = 0; i < 5; ++i) Put(SmallResource(random), catalog);
  const v1::ConfigDelta delta = DiffSnapshots(MakeSnapshot(1, catalog), MakeSnapshot(2, catalog));
  EXPECT_EQ(delta.upserts_size() + delta.removals_size(), 0);
}

// From {Upstream/a} at generation 1 to {Upstream/a, Upstream/b} at generation 2.
class SnapshotDeltaRefusals : public testing::Test {
 protected:
  SnapshotDeltaRefusals() {
    Catalog catalog;
    Put(Upstream("a"), catalog);
    base_ = MakeSnapshot(1, catalog);
    Put(Upstream("b"), catalog);
    delta_ = DiffSnapshots(base_, MakeSnapshot(2, catalog));
  }
  static v1::Resource Upstream(const std::string& name) {
    v1::Resource resource;
    resource.set_name(name);
    resource.mutable_upstream();
    return resource;
  }
  void ExpectRefused(absl::StatusCode code, const std::string& part) const {
    const std::string before = base_.SerializeAsString();
    const absl::Status status = ApplyDelta(base_, delta_).status();
    EXPECT_EQ(status.code(), code);
    EXPECT_THAT(std::string(Message(status)), HasSubstr(part));
    EXPECT_EQ(base_.SerializeAsString(), before);
  }
  v1::Snapshot base_;
  v1::ConfigDelta delta_;
};

TEST_F(SnapshotDeltaRefusals, AnotherBase) {
  delta_.set_from_generation(7);
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "builds on generation 7, but generation 1 is here");
}

TEST_F(SnapshotDeltaRefusals, RemovalOfWhatIsNotThere) {
  v1::ResourceKey& key = *delta_.add_removals();
  key.set_kind(v1::KIND_ROUTE);
  key.set_name("a");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "removes Route/a, which is not there");
}

TEST_F(SnapshotDeltaRefusals, AResourceWithoutKind) {
  delta_.add_upserts()->set_name("odd");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "of no known kind or without a name: \"odd\"");
}

TEST_F(SnapshotDeltaRefusals, AResourceWithoutName) {
  *delta_.add_upserts() = Upstream("");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "without a name");
}

TEST_F(SnapshotDeltaRefusals, OneResourceTwice) {
  *delta_.add_upserts() = Upstream("b");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "holds Upstream/b twice");
}

TEST_F(SnapshotDeltaRefusals, AnotherDigest) {
  std::string digest = delta_.digest();
  digest[0] = static_cast<char>(digest[0] ^ 1);
  delta_.set_digest(digest);
  ExpectRefused(absl::StatusCode::kDataLoss, "digest");
  delta_.clear_digest();
  ExpectRefused(absl::StatusCode::kDataLoss, "digest");
}

TEST_F(SnapshotDeltaRefusals, AChangedResource) {
  (*delta_.mutable_upserts(0)->mutable_labels())["x"] = "y";
  ExpectRefused(absl::StatusCode::kDataLoss, "digest");
}

}  // namespace
}  // namespace switchyard::config
