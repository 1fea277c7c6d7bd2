// Goal: the past is what it was: diffs name each change with both sides, and going back gives exactly the earlier state, or refuses.
// Method: the memory store, and changes through ChangeIntent as everybody makes them.
#include "controlplane/admin/past.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/config/snapshot_digest.h"
#include "controlplane/admin/resource_diff.h"
#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/resources.h"

namespace switchyard::controlplane::admin {
namespace {

class PastTest : public testing::Test {
 protected:
  std::uint64_t Apply(std::vector<v1::Resource> upserts, std::vector<v1::ResourceKey> deletes = {}) {
    Intent intent;
    intent.upserts = std::move(upserts);
    intent.deletes = std::move(deletes);
    const auto result = ChangeIntent(*store_, clock_, intent);
    EXPECT_TRUE(result.status.ok()) << Message(result.status);
    return result.generation;
  }
  std::string Everything() const {
    std::string all;
    for (const auto& [key, resource] : store_->Read()->resources) all += config::CanonicalBytes(*resource) + "\n";
    return all;
  }
  absl::StatusOr<v1::DiffResponse> Diff(std::uint64_t from, std::uint64_t to) {
    v1::DiffRequest request;
    request.set_from(from);
    request.set_to(to);
    return HandleDiff(*store_, request);
  }
  absl::StatusOr<Intent> Back(std::uint64_t generation) {
    v1::RollbackRequest request;
    request.set_generation(generation);
    return IntentOf(*store_, request, "ann");
  }

  ManualClock clock_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
};

TEST_F(PastTest, GoingBackGivesExactlyWhatWas) {
  Apply(MakeSite("10.0.0.1:80"));
  Apply({MakeUpstream("other", "10.0.0.9:80")});
  const std::string then = Everything();
  const std::uint64_t generation = store_->Read()->generation;
  Apply({MakeUpstream("app", "10.0.0.2:80")});
  Apply({MakeUpstream("late", "10.0.0.3:80")}, {MakeKey(v1::KIND_UPSTREAM, "other")});
  Apply({MakeUpstream("app", "10.0.0.4:80")});
  const auto intent = Back(generation);
  ASSERT_TRUE(intent.ok()) << Message(intent.status());
  EXPECT_EQ(intent->upserts.size(), 2u);
  EXPECT_EQ(intent->deletes.size(), 1u);
  EXPECT_EQ(intent->reason, "rollback to generation 2");
  EXPECT_EQ(intent->author, "ann");
  const auto result = ChangeIntent(*store_, clock_, *intent);
  ASSERT_TRUE(result.status.ok()) << Message(result.status);
  EXPECT_EQ(result.generation, 6u) << "a new generation, the old ones stay";
  EXPECT_EQ(Everything(), then);
}

TEST_F(PastTest, ARollbackThatNoLongerValidatesChangesNothing) {
  Apply(MakeSite());
  Apply({}, {MakeKey(v1::KIND_ROUTE, "all"), MakeKey(v1::KIND_UPSTREAM, "app")});
  Apply({}, {MakeKey(v1::KIND_LISTENER, "web")});
  auto route = Back(2);
  ASSERT_TRUE(route.ok());
  // Somebody takes the listener's port with another protocol's name: what was valid then is not valid beside it.
  Apply({MakeListener("rival", 8080)});
  const std::string before = Everything();
  auto intent = Back(2);
  ASSERT_TRUE(intent.ok());
  EXPECT_EQ(intent->deletes.size(), 1u) << "the rival goes, since it was not there";
  // And a change that comes in between is no part of what was looked at.
  const auto result = ChangeIntent(*store_, clock_, *route);
  EXPECT_TRUE(absl::IsAborted(result.status)) << result.status;
  EXPECT_EQ(Everything(), before);
}

TEST_F(PastTest, DiffNamesEachChangeWithBothSides) {
  Apply(MakeSite("10.0.0.1:80"));
  Apply({MakeUpstream("app", "10.0.0.2:80"), MakeUpstream("new")});
  Apply({}, {MakeKey(v1::KIND_UPSTREAM, "new")});
  auto diff = Diff(1, 2);
  ASSERT_TRUE(diff.ok());
  ASSERT_EQ(diff->diffs_size(), 2);
  EXPECT_NE(diff->diffs(0).before().find("10.0.0.1:80"), std::string::npos);
  EXPECT_NE(diff->diffs(0).after().find("10.0.0.2:80"), std::string::npos);
  EXPECT_EQ(diff->diffs(0).added(), 1u);
  EXPECT_EQ(diff->diffs(0).removed(), 1u);
  EXPECT_EQ(diff->diffs(1).before(), "");
  diff = Diff(1, 3);
  ASSERT_TRUE(diff.ok());
  EXPECT_EQ(diff->total(), 1u) << "what came and went is no difference";
  diff = Diff(0, 0);
  ASSERT_TRUE(diff.ok());
  EXPECT_EQ(diff->from(), 2u);
  EXPECT_EQ(diff->to(), 3u);
}

TEST_F(PastTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(absl::IsNotFound(Diff(0, 0).status()));
  Apply(MakeSite());
  EXPECT_TRUE(absl::IsNotFound(Diff(1, 9).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Diff(5, 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Back(0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Back(1).status())) << "the newest";
  EXPECT_TRUE(absl::IsInvalidArgument(Back(7).status()));
}

TEST_F(PastTest, ADryRunSaysWhatWouldDiffer) {
  Apply(MakeSite());
  Intent intent;
  intent.upserts = {MakeUpstream("app", "10.9.9.9:80"), MakeListener("web", 8080)};
  intent.dry_run = true;
  const auto result = ChangeIntent(*store_, clock_, intent);
  ASSERT_TRUE(result.status.ok());
  ASSERT_EQ(result.diffs.size(), 1u);
  EXPECT_EQ(result.diffs[0].key().name(), "app");
}

TEST(ResourceDiff, ALongTextIsCutAtALineAndSaysSo) {
  v1::Resource resource = MakeUpstream("app");
  for (int i = 0; i < 5000; ++i) resource.mutable_upstream()->add_backends()->set_address("10.0.0.1:" + std::to_string(i + 1));
  const auto diff = DiffOf(MakeKey(v1::KIND_UPSTREAM, "app"), nullptr, &resource);
  EXPECT_LE(diff.after().size(), kMaxDiffText + 100);
  EXPECT_NE(diff.after().find("cut here"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::controlplane::admin
