// Goal: a change is validated as a whole and committed as a whole, or refused with every reason. Method: the memory store; a store that
// loses races on purpose.
#include "controlplane/admin/change_intent.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/resources.h"

namespace switchyard::controlplane::admin {
namespace {

// Before each of the next `races` commits another writer is faster.
class RacyStore final : public store::Store {
 public:
  explicit RacyStore(int races) : races_(races) {}
  absl::StatusOr<v1::HistoryEntry> Commit(const store::Transaction& transaction) override {
    ++commits;
    if (races_-- > 0) {
      store::Transaction rival;
      rival.upserts = {MakeUpstream("rival-" + std::to_string(commits))};
      EXPECT_TRUE(inner_->Commit(rival).ok());
    }
    return inner_->Commit(transaction);
  }
  std::shared_ptr<const store::Catalog> Read() const override { return inner_->Read(); }
  absl::StatusOr<std::vector<v1::HistoryEntry>> History(std::uint64_t before, std::size_t limit) const override {
    return inner_->History(before, limit);
  }
  absl::StatusOr<store::ChangeRecord> ChangeAt(std::uint64_t generation) const override { return inner_->ChangeAt(generation); }
  std::uint64_t OldestGeneration() const override { return inner_->OldestGeneration(); }
  std::unique_ptr<store::Subscription> Watch(OnChange on_change) override { return inner_->Watch(std::move(on_change)); }
  absl::StatusOr<store::Record> GetRecord(std::string_view section, std::string_view key) const override {
    return inner_->GetRecord(section, key);
  }
  absl::StatusOr<std::vector<store::Record>> ListRecords(std::string_view section) const override { return inner_->ListRecords(section); }
  absl::StatusOr<std::uint64_t> PutRecord(std::string_view section, std::string_view key, std::string_view value,
                                          std::optional<std::uint64_t> expected) override {
    return inner_->PutRecord(section, key, value, expected);
  }
  absl::StatusOr<std::uint64_t> PutRecords(std::span<const store::RecordPut> puts) override { return inner_->PutRecords(puts); }
  absl::Status DeleteRecord(std::string_view section, std::string_view key, std::optional<std::uint64_t> expected) override {
    return inner_->DeleteRecord(section, key, expected);
  }
  absl::Status Export(const std::function<absl::Status(const store::ExportFacts&)>& begin,
                      const std::function<absl::Status(const store::StoredPair&)>& take) const override {
    return inner_->Export(begin, take);
  }

  int commits = 0;

 private:
  int races_;
  std::unique_ptr<store::Store> inner_ = store::OpenMemoryStore();
};

class ChangeIntentTest : public testing::Test {
 protected:
  IntentResult Apply(std::vector<v1::Resource> resources) { return ChangeIntent(*store_, clock_, {.upserts = std::move(resources)}); }
  IntentResult Delete(std::vector<v1::ResourceKey> keys) { return ChangeIntent(*store_, clock_, {.deletes = std::move(keys)}); }

  ManualClock clock_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
};

TEST_F(ChangeIntentTest, CommitsManyResourcesAsOneGeneration) {
  const auto result = Apply(MakeSite());
  ASSERT_TRUE(result.status.ok()) << Message(result.status);
  EXPECT_EQ(result.generation, 1u);
  ASSERT_EQ(result.changes.size(), 3u);
  EXPECT_EQ(result.changes[0].key().kind(), v1::KIND_LISTENER);
  EXPECT_EQ(result.changes[0].action(), v1::Change::ACTION_CREATED);
  EXPECT_EQ(store_->Read()->resources.size(), 3u);
}

TEST_F(ChangeIntentTest, TellsWhatHappenedToEachResource) {
  Apply(MakeSite());
  const auto result = Apply({MakeListener("web", 8080), MakeUpstream("app", "10.0.0.2:80"), MakeUpstream("new")});
  ASSERT_EQ(result.changes.size(), 3u);
  EXPECT_EQ(result.changes[0].action(), v1::Change::ACTION_UNCHANGED);
  EXPECT_EQ(result.changes[1].action(), v1::Change::ACTION_UPDATED);
  EXPECT_EQ(result.changes[2].action(), v1::Change::ACTION_CREATED);
}

TEST_F(ChangeIntentTest, EqualResourcesMakeNoGeneration) {
  Apply(MakeSite());
  const auto result = Apply(MakeSite());
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.generation, 1u);
  EXPECT_EQ(store_->Read()->generation, 1u);
}

TEST_F(ChangeIntentTest, DryRunTellsAndCommitsNothing) {
  const auto result = ChangeIntent(*store_, clock_, {.upserts = MakeSite(), .dry_run = true});
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.generation, 1u);
  EXPECT_EQ(result.changes.size(), 3u);
  EXPECT_EQ(store_->Read()->generation, 0u);
}

TEST_F(ChangeIntentTest, KeepsAuthorReasonAndTimeInTheHistory) {
  ChangeIntent(*store_, clock_, {.upserts = MakeSite(), .author = "eve", .reason = "first"});
  const auto change = store_->ChangeAt(1);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->entry.author(), "eve");
  EXPECT_EQ(change->entry.reason(), "first");
  EXPECT_EQ(change->entry.time().seconds(), std::chrono::floor<std::chrono::seconds>(clock_.WallNow().time_since_epoch()).count());
}

TEST_F(ChangeIntentTest, RefusesADanglingReferenceNamingResourceAndField) {
  const auto result = Apply({MakeListener("web", 8080), MakeRoute("all", "web", "nowhere")});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_GE(result.violations.violations_size(), 1);
  EXPECT_EQ(result.violations.violations(0).resource().name(), "all");
  EXPECT_NE(result.violations.violations(0).field().find("upstreams[0]"), std::string::npos) << result.violations.violations(0).field();
  EXPECT_EQ(store_->Read()->generation, 0u);
}

TEST_F(ChangeIntentTest, CollectsEveryViolation) {
  const auto result = Apply({MakeListener("web", 0), MakeUpstream("app", "not an address"), MakeUpstream("BAD NAME")});
  EXPECT_GE(result.violations.total(), 3u);
}

TEST_F(ChangeIntentTest, RefusesAResourceThatStandsTwice) {
  const auto result = Apply({MakeUpstream("app"), MakeUpstream("app", "10.0.0.2:80")});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(result.violations.violations_size(), 1);
}

TEST_F(ChangeIntentTest, RefusesAResourceWithoutSpec) {
  v1::Resource resource;
  resource.set_name("empty");
  const auto result = Apply({resource});
  ASSERT_EQ(result.violations.violations_size(), 1);
  EXPECT_EQ(result.violations.violations(0).field(), "spec");
}

TEST_F(ChangeIntentTest, DeletesAsOneGeneration) {
  Apply(MakeSite());
  const auto result = Delete({MakeKey(v1::KIND_ROUTE, "all"), MakeKey(v1::KIND_UPSTREAM, "app")});
  EXPECT_TRUE(result.status.ok()) << Message(result.status);
  EXPECT_EQ(result.generation, 2u);
  EXPECT_EQ(result.changes[0].action(), v1::Change::ACTION_DELETED);
}

TEST_F(ChangeIntentTest, RefusesToDeleteWhatIsReferredTo) {
  Apply(MakeSite());
  const auto result = Delete({MakeKey(v1::KIND_UPSTREAM, "app")});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(result.violations.violations_size(), 1);
  EXPECT_EQ(store_->Read()->generation, 1u);
}

TEST_F(ChangeIntentTest, DeletingNothingNamesIt) {
  const auto result = Delete({MakeKey(v1::KIND_UPSTREAM, "ghost")});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Message(result.status).find("Upstream/ghost"), std::string_view::npos);
}

TEST_F(ChangeIntentTest, ExpectedGenerationRefusesAnythingElse) {
  Apply(MakeSite());
  auto result = ChangeIntent(*store_, clock_, {.upserts = {MakeUpstream("x")}, .expected_generation = 0});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
  result = ChangeIntent(*store_, clock_, {.upserts = {MakeUpstream("x")}, .expected_generation = 1});
  EXPECT_TRUE(result.status.ok());
}

TEST_F(ChangeIntentTest, RefusesRequestsBeyondTheirBounds) {
  EXPECT_EQ(Apply({}).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Apply(std::vector<v1::Resource>(kMaxResources + 1)).status.code(), absl::StatusCode::kInvalidArgument);
  for (const Intent& intent : {Intent{.upserts = MakeSite(), .author = std::string(kMaxAuthor + 1, 'a')},
                               Intent{.upserts = MakeSite(), .reason = std::string(kMaxReason + 1, 'a')},
                               Intent{.upserts = MakeSite(), .wait = std::chrono::minutes(11)},
                               Intent{.upserts = MakeSite(), .wait = -std::chrono::seconds(1)}}) {
    EXPECT_EQ(ChangeIntent(*store_, clock_, intent).status.code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(store_->Read()->generation, 0u);
}

TEST(ChangeIntentRaces, TriesAgainWhenAnotherWriterWasFaster) {
  ManualClock clock;
  RacyStore store(3);
  const auto result = ChangeIntent(store, clock, {.upserts = MakeSite()});
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(store.commits, 4);
  EXPECT_EQ(result.generation, 4u);
}

TEST(ChangeIntentRaces, GivesUpAfterABoundedNumberOfTries) {
  ManualClock clock;
  RacyStore store(1000);
  EXPECT_EQ(ChangeIntent(store, clock, {.upserts = MakeSite()}).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store.commits, kMaxTries);
}

TEST(ChangeIntentRaces, NeverTriesAgainWhenAGenerationIsExpected) {
  ManualClock clock;
  RacyStore store(1);
  EXPECT_EQ(ChangeIntent(store, clock, {.upserts = MakeSite(), .expected_generation = 0}).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store.commits, 1);
}

}  // namespace
}  // namespace switchyard::controlplane::admin
