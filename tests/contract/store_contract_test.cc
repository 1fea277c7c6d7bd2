// The contract of Store, held by every implementation: the same cases run on memory and on RocksDB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "controlplane/store/memory_store.h"
#include "controlplane/store/rocksdb_store.h"
#include "controlplane/store/store.h"
#include "tests/unit/controlplane/store/changes.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::store {
namespace {

using testing::ElementsAre;

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::string& directory, HistoryLimits limits)> open;
};

std::unique_ptr<Store> OpenDisk(const std::string& directory, HistoryLimits limits) {
  auto store = OpenRocksdbStore(directory, {limits});
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? std::move(*store) : nullptr;
}

class StoreContract : public testing::TestWithParam<Implementation> {
 protected:
  void Reopen(HistoryLimits limits) { store_ = nullptr, store_ = GetParam().open(directory_.path(), limits); }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = GetParam().open(directory_.path() + "/main", {});
};

std::vector<v1::Change::Action> ActionsOf(const v1::HistoryEntry& entry) {
  std::vector<v1::Change::Action> actions;
  for (const v1::Change& change : entry.changes()) actions.push_back(change.action());
  return actions;
}

TEST_P(StoreContract, IsEmptyAtFirst) {
  EXPECT_EQ(store_->Read()->generation, 0u);
  EXPECT_TRUE(store_->Read()->resources.empty());
  EXPECT_TRUE(store_->History(0, 10)->empty());
  EXPECT_EQ(store_->OldestGeneration(), 0u);
  EXPECT_TRUE(store_->ListRecords("token")->empty());
}

TEST_P(StoreContract, CommitsManyResourcesAsOneGeneration) {
  const auto entry = store_->Commit(Put({UpstreamNamed("b", "10.0.0.1:80"), RouteNamed("a", "b"), UpstreamNamed("a", "10.0.0.2:80")}));
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->generation(), 1u);
  EXPECT_EQ(entry->author(), "ann");
  EXPECT_EQ(entry->reason(), "a test");
  EXPECT_EQ(entry->time().seconds(), 1'700'000'000);
  // In order of kind and name.
  ASSERT_EQ(entry->changes_size(), 3);
  EXPECT_EQ(entry->changes(0).key().kind(), v1::KIND_ROUTE);
  EXPECT_EQ(entry->changes(1).key().name(), "a");
  EXPECT_EQ(entry->changes(2).key().name(), "b");
  const auto catalog = store_->Read();
  EXPECT_EQ(catalog->generation, 1u);
  ASSERT_NE(catalog->Find(v1::KIND_UPSTREAM, "b"), nullptr);
  EXPECT_EQ(catalog->Find(v1::KIND_UPSTREAM, "b")->generation(), 1u);
  EXPECT_EQ(catalog->Find(v1::KIND_UPSTREAM, "b")->updated().seconds(), 1'700'000'000);
}

TEST_P(StoreContract, TellsCreatedUpdatedUnchangedAndDeleted) {
  ASSERT_TRUE(
      store_->Commit(Put({UpstreamNamed("a", "10.0.0.1:80"), UpstreamNamed("b", "10.0.0.1:80"), UpstreamNamed("d", "1.1.1.1:1")})).ok());
  Transaction mixed = Put({UpstreamNamed("a", "10.0.0.1:80"), UpstreamNamed("b", "10.0.0.9:80"), UpstreamNamed("c", "10.0.0.1:80")});
  mixed.deletes = {KeyNamed(v1::KIND_UPSTREAM, "d")};
  const auto entry = store_->Commit(mixed);
  ASSERT_TRUE(entry.ok());
  EXPECT_THAT(ActionsOf(*entry), ElementsAre(v1::Change::ACTION_UNCHANGED, v1::Change::ACTION_UPDATED, v1::Change::ACTION_CREATED,
                                             v1::Change::ACTION_DELETED));
  EXPECT_EQ(store_->Read()->Find(v1::KIND_UPSTREAM, "a")->generation(), 1u);
  EXPECT_EQ(store_->Read()->Find(v1::KIND_UPSTREAM, "b")->generation(), 2u);
  EXPECT_EQ(store_->Read()->Find(v1::KIND_UPSTREAM, "d"), nullptr);
  // The history has what changed only.
  const auto change = store_->ChangeAt(2);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->entry.changes_size(), 3);
  ASSERT_EQ(change->resources.size(), 2u);
  EXPECT_EQ(change->resources[0].upstream().backends(0).address(), "10.0.0.9:80");
}

TEST_P(StoreContract, MakesNoGenerationWhenNothingChanges) {
  v1::Resource resource = UpstreamNamed("a", "10.0.0.1:80");
  for (const char* key : {"x", "y", "z"}) (*resource.mutable_labels())[key] = "1";
  ASSERT_TRUE(store_->Commit(Put({resource})).ok());
  v1::Resource same = UpstreamNamed("a", "10.0.0.1:80");
  for (const char* key : {"z", "y", "x"}) (*same.mutable_labels())[key] = "1";
  same.set_generation(77);
  same.mutable_updated()->set_seconds(5);
  const auto entry = store_->Commit(Put({same}));
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->generation(), 1u);
  EXPECT_THAT(ActionsOf(*entry), ElementsAre(v1::Change::ACTION_UNCHANGED));
  EXPECT_EQ(store_->Read()->generation, 1u);
  EXPECT_EQ(store_->History(0, 10)->size(), 1u);
}

TEST_P(StoreContract, HonoursTheExpectedGeneration) {
  Transaction first = Put({UpstreamNamed("a", "10.0.0.1:80")});
  first.expected_generation = 0;
  EXPECT_TRUE(store_->Commit(first).ok());
  Transaction late = Put({UpstreamNamed("a", "10.0.0.2:80")});
  late.expected_generation = 0;
  EXPECT_EQ(store_->Commit(late).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->Read()->Find(v1::KIND_UPSTREAM, "a")->upstream().backends(0).address(), "10.0.0.1:80");
}

TEST_P(StoreContract, RefusesWhatMakesNoSenseAndChangesNothing) {
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "10.0.0.1:80")})).ok());
  const auto code = [&](const Transaction& transaction) { return store_->Commit(transaction).status().code(); };
  EXPECT_EQ(code(Put({UpstreamNamed("b", "1.1.1.1:1"), UpstreamNamed("b", "1.1.1.1:2")})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Put({UpstreamNamed("b", "1.1.1.1:1"), UpstreamNamed("", "1.1.1.1:2")})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Put({UpstreamNamed("b", "1.1.1.1:1"), v1::Resource()})), absl::StatusCode::kInvalidArgument);
  Transaction both = Put({UpstreamNamed("a", "1.1.1.1:1")});
  both.deletes = {KeyNamed(v1::KIND_UPSTREAM, "a")};
  EXPECT_EQ(code(both), absl::StatusCode::kInvalidArgument);
  Transaction half = Put({UpstreamNamed("b", "1.1.1.1:1")});
  half.deletes = {KeyNamed(v1::KIND_ROUTE, "a")};
  EXPECT_EQ(code(half), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Read()->generation, 1u);
  EXPECT_EQ(store_->Read()->resources.size(), 1u);
}

TEST_P(StoreContract, LeavesEarlierCatalogsAsTheyWere) {
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "10.0.0.1:80")})).ok());
  const auto before = store_->Read();
  ASSERT_TRUE(store_->Commit(Drop({KeyNamed(v1::KIND_UPSTREAM, "a")})).ok());
  EXPECT_EQ(before->generation, 1u);
  EXPECT_NE(before->Find(v1::KIND_UPSTREAM, "a"), nullptr);
  EXPECT_EQ(store_->Read()->Find(v1::KIND_UPSTREAM, "a"), nullptr);
}

TEST_P(StoreContract, PagesTheHistoryNewestFirst) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1))})).ok());
  const auto first = store_->History(0, 2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].generation(), 5u);
  EXPECT_EQ((*first)[1].generation(), 4u);
  const auto rest = store_->History(4, 10);
  ASSERT_EQ(rest->size(), 3u);
  EXPECT_EQ((*rest)[2].generation(), 1u);
  EXPECT_TRUE(store_->History(1, 10)->empty());
  EXPECT_EQ(store_->History(1000, 1)->front().generation(), 5u);
}

TEST_P(StoreContract, TrimsTheHistoryToItsLimit) {
  Reopen({.generations = 3});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1))})).ok());
  EXPECT_EQ(store_->OldestGeneration(), 8u);
  EXPECT_EQ(store_->History(0, 100)->size(), 3u);
  EXPECT_EQ(store_->ChangeAt(7).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store_->ChangeAt(8).ok());
  EXPECT_EQ(store_->ChangeAt(11).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ChangeAt(0).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, TrimsTheHistoryByBytesButKeepsTheNewest) {
  Reopen({.generations = 1000, .bytes = 5000});
  for (int i = 0; i < 3; ++i) {
    v1::Resource large = UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1));
    (*large.mutable_labels())["padding"] = std::string(20000, 'x');
    ASSERT_TRUE(store_->Commit(Put({large})).ok());
    EXPECT_EQ(store_->OldestGeneration(), static_cast<std::uint64_t>(i) + 1);
  }
  EXPECT_EQ(store_->History(0, 100)->size(), 1u);
}

TEST_P(StoreContract, TellsWatchersEachCommitInOrder) {
  std::vector<std::uint64_t> seen;
  std::vector<std::size_t> sizes;
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("early", "1.1.1.1:1")})).ok());
  auto watch = store_->Watch([&](const ChangeRecord& record, const std::shared_ptr<const Catalog>& catalog) {
    EXPECT_EQ(record.entry.generation(), catalog->generation);
    seen.push_back(catalog->generation);
    sizes.push_back(record.resources.size());
  });
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "1.1.1.1:1"), UpstreamNamed("b", "1.1.1.1:1")})).ok());
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "1.1.1.1:1")})).ok());
  ASSERT_TRUE(store_->Commit(Drop({KeyNamed(v1::KIND_UPSTREAM, "a")})).ok());
  EXPECT_THAT(seen, ElementsAre(2u, 3u));
  EXPECT_THAT(sizes, ElementsAre(2u, 0u));
  watch = nullptr;
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("c", "1.1.1.1:1")})).ok());
  EXPECT_EQ(seen.size(), 2u);
}

TEST_P(StoreContract, LetsAWatcherEndItselfAndOutliveTheStore) {
  int calls = 0;
  std::unique_ptr<Subscription> once;
  once = store_->Watch([&](const ChangeRecord&, const std::shared_ptr<const Catalog>&) {
    ++calls;
    once = nullptr;
  });
  auto other = store_->Watch([&](const ChangeRecord&, const std::shared_ptr<const Catalog>&) { ++calls; });
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("a", "1.1.1.1:1")})).ok());
  ASSERT_TRUE(store_->Commit(Put({UpstreamNamed("b", "1.1.1.1:1")})).ok());
  EXPECT_EQ(calls, 3);
  store_ = nullptr;
  other = nullptr;
}

TEST_P(StoreContract, KeepsOrderAndLosesNothingAmongRacingWriters) {
  constexpr int kWriters = 4;
  constexpr int kCommits = 25;
  std::vector<std::uint64_t> seen;
  const auto watch =
      store_->Watch([&](const ChangeRecord&, const std::shared_ptr<const Catalog>& catalog) { seen.push_back(catalog->generation); });
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kCommits; ++i) {
        EXPECT_TRUE(store_->Commit(Put({UpstreamNamed(std::to_string(w) + "-" + std::to_string(i), "1.1.1.1:1")})).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store_->Read()->generation, 100u);
  EXPECT_EQ(store_->Read()->resources.size(), 100u);
  ASSERT_EQ(seen.size(), 100u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
}

TEST_P(StoreContract, LetsExactlyOneOfRacingWritersHaveAGeneration) {
  std::atomic<int> won{0};
  std::atomic<int> aborted{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&, w] {
      Transaction transaction = Put({UpstreamNamed("a", "1.1.1.1:" + std::to_string(w + 1))});
      transaction.expected_generation = 0;
      const auto entry = store_->Commit(transaction);
      if (entry.ok()) ++won;
      if (entry.status().code() == absl::StatusCode::kAborted) ++aborted;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(aborted, 7);
}

TEST_P(StoreContract, KeepsRecordsWithRevisions) {
  const auto first = store_->PutRecord("token", "a", "one", 0);
  ASSERT_TRUE(first.ok());
  const auto second = store_->PutRecord("token", "b", std::string("t\0wo", 4), std::nullopt);
  ASSERT_TRUE(second.ok());
  EXPECT_GT(*second, *first);
  EXPECT_EQ(store_->GetRecord("token", "a")->value, "one");
  EXPECT_EQ(store_->GetRecord("token", "a")->key, "a");
  EXPECT_EQ(store_->GetRecord("token", "b")->value, std::string("t\0wo", 4));
  EXPECT_EQ(store_->PutRecord("token", "a", "x", *second).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->PutRecord("token", "a", "x", 0).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->PutRecord("token", "none", "x", 1).status().code(), absl::StatusCode::kAborted);
  const auto third = store_->PutRecord("token", "a", "three", *first);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(store_->GetRecord("token", "a")->revision, *third);
}

TEST_P(StoreContract, KeepsSectionsOfRecordsApart) {
  ASSERT_TRUE(store_->PutRecord("token", "b", "2", 0).ok());
  ASSERT_TRUE(store_->PutRecord("token", "a", "1", 0).ok());
  ASSERT_TRUE(store_->PutRecord("tokens", "c", "3", 0).ok());
  const auto listed = store_->ListRecords("token");
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].key, "a");
  EXPECT_EQ((*listed)[1].key, "b");
  EXPECT_EQ(store_->GetRecord("tokens", "a").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, DeletesRecords) {
  const auto revision = store_->PutRecord("token", "a", "1", 0);
  EXPECT_EQ(store_->DeleteRecord("token", "a", *revision + 1).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(store_->DeleteRecord("token", "a", *revision).ok());
  EXPECT_EQ(store_->DeleteRecord("token", "a", std::nullopt).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetRecord("token", "a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_GT(*store_->PutRecord("token", "a", "2", 0), *revision + 1);
}

TEST_P(StoreContract, WritesSeveralRecordsTogetherOrNone) {
  const auto first = store_->PutRecord("token", "a", "1", 0);
  ASSERT_TRUE(first.ok());
  const std::vector<RecordPut> both = {{"token", "a", "2", *first}, {"enrolment", "b", "new", 0}};
  const auto written = store_->PutRecords(both);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_GT(*written, *first);
  EXPECT_EQ(store_->GetRecord("token", "a")->value, "2");
  EXPECT_EQ(store_->GetRecord("token", "a")->revision, *written);
  EXPECT_EQ(store_->GetRecord("enrolment", "b")->revision, *written + 1);
  EXPECT_GT(*store_->PutRecord("token", "c", "x", 0), *written + 1);
  // The second of these does not fit, so the first is not written either; nor the other way round.
  const std::vector<RecordPut> late = {{"token", "a", "3", *written}, {"enrolment", "b", "again", 0}};
  EXPECT_EQ(store_->PutRecords(late).status().code(), absl::StatusCode::kAborted);
  const std::vector<RecordPut> stale = {{"token", "a", "3", *first}, {"enrolment", "d", "new", 0}};
  EXPECT_EQ(store_->PutRecords(stale).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store_->GetRecord("token", "a")->value, "2");
  EXPECT_EQ(store_->GetRecord("enrolment", "b")->value, "new");
  EXPECT_EQ(store_->GetRecord("enrolment", "d").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, RefusesToWriteNothingTooMuchOrTheSameRecordTwice) {
  EXPECT_EQ(store_->PutRecords({}).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<RecordPut> twice = {{"token", "a", "1", std::nullopt}, {"token", "a", "2", std::nullopt}};
  EXPECT_EQ(store_->PutRecords(twice).status().code(), absl::StatusCode::kInvalidArgument);
  std::vector<RecordPut> many;
  for (std::size_t i = 0; i <= kMostPuts; ++i) many.push_back({"token", std::to_string(i), "x", 0});
  EXPECT_EQ(store_->PutRecords(many).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->ListRecords("token")->empty());
  many.pop_back();
  EXPECT_TRUE(store_->PutRecords(many).ok());
}

TEST_P(StoreContract, RefusesRecordsBeyondTheirBounds) {
  const auto code = [&](const std::string& section, const std::string& key, const std::string& value) {
    return store_->PutRecord(section, key, value, std::nullopt).status().code();
  };
  EXPECT_EQ(code("", "a", ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("token", "", ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("token", std::string("a\0b", 3), ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("token", std::string(600, 'k'), ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("token", "a", std::string((1 << 20) + 1, 'v')), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("token", "a", std::string(1 << 20, 'v')), absl::StatusCode::kOk);
}

TEST_P(StoreContract, LetsExactlyOneOfRacingWritersHaveARecord) {
  std::atomic<int> won{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&] {
      if (store_->PutRecord("token", "a", "x", 0).ok()) ++won;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(Implementation{"Memory",
                                                        [](const std::string&, HistoryLimits limits) { return OpenMemoryStore(limits); }},
                                         Implementation{"Rocksdb", OpenDisk}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace switchyard::controlplane::store
