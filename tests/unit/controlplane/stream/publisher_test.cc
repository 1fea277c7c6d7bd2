// Goal: each session is told the newest generation, each distinct configuration is compiled once, and a commit never waits. Method: the
// memory store, fake sessions, and a compiler that counts and can be held.
#include "controlplane/stream/publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>

#include "controlplane/compiler/compiler.h"
#include "controlplane/store/memory_store.h"
#include "tests/harness/deadline.h"
#include "tests/unit/controlplane/resources.h"
#include "tests/unit/controlplane/stream/fake_session.h"

namespace switchyard::controlplane::stream {
namespace {

void Commit(store::Store& store, std::vector<v1::Resource> resources) {
  store::Transaction transaction;
  transaction.upserts = std::move(resources);
  ASSERT_TRUE(store.Commit(transaction).ok());
}

std::uint64_t Newest(FakeSession& session) {
  const auto targets = session.targets();
  return targets.empty() ? 0 : targets.back()->generation();
}

TEST(Publisher, TellsANewcomerTheNewestGeneration) {
  auto store = store::OpenMemoryStore();
  Commit(*store, MakeSite());
  Publisher publisher(store.get(), &compiler::Compile);
  auto session = std::make_shared<FakeSession>("a");
  publisher.Join(session, {}, "");
  ASSERT_TRUE(harness::Eventually([&] { return Newest(*session) == 1; }));
  EXPECT_EQ(session->targets()[0]->resources_size(), 3);
}

TEST(Publisher, TellsEveryMemberOfACommit) {
  auto store = store::OpenMemoryStore();
  Publisher publisher(store.get(), &compiler::Compile);
  std::vector<std::shared_ptr<FakeSession>> sessions;
  for (int i = 0; i < 20; ++i) {
    sessions.push_back(std::make_shared<FakeSession>("n" + std::to_string(i)));
    publisher.Join(sessions.back(), {}, "");
  }
  Commit(*store, MakeSite());
  for (const auto& session : sessions) EXPECT_TRUE(harness::Eventually([&] { return Newest(*session) == 1; }));
}

TEST(Publisher, TellsNothingToOneThatLeft) {
  auto store = store::OpenMemoryStore();
  Publisher publisher(store.get(), &compiler::Compile);
  auto gone = std::make_shared<FakeSession>("gone"), here = std::make_shared<FakeSession>("here");
  publisher.Join(gone, {}, "");
  publisher.Join(here, {}, "");
  ASSERT_TRUE(harness::Eventually([&] { return !here->targets().empty(); }));
  publisher.Leave(*gone);
  Commit(*store, MakeSite());
  ASSERT_TRUE(harness::Eventually([&] { return Newest(*here) == 1; }));
  EXPECT_EQ(Newest(*gone), 0u);
}

TEST(Publisher, OffersAReturningAgentItsOldSnapshotAsBase) {
  auto store = store::OpenMemoryStore();
  Commit(*store, MakeSite());
  Publisher publisher(store.get(), &compiler::Compile);
  auto first = std::make_shared<FakeSession>("a");
  publisher.Join(first, {}, "");
  ASSERT_TRUE(harness::Eventually([&] { return Newest(*first) == 1; }));
  const auto old = first->targets()[0];
  Commit(*store, MakeSite("10.0.0.2:80"));
  auto again = std::make_shared<FakeSession>("a");
  publisher.Join(again, {}, old->digest());
  ASSERT_TRUE(harness::Eventually([&] { return Newest(*again) == 2; }));
  ASSERT_NE(again->bases()[0], nullptr);
  EXPECT_EQ(again->bases()[0]->digest(), old->digest());
}

TEST(Publisher, ACommitNeverWaitsAndMissedGenerationsAreSkipped) {
  auto store = store::OpenMemoryStore();
  std::promise<void> entered, gate;
  auto open = gate.get_future().share();
  std::atomic<bool> first = true;
  std::atomic<int> compiled = 0;
  Publisher publisher(store.get(), [&](const store::Catalog& catalog, const Labels& labels) {
    if (first.exchange(false)) {
      entered.set_value();
      open.wait();
    }
    ++compiled;
    return compiler::Compile(catalog, labels);
  });
  auto session = std::make_shared<FakeSession>("a");
  publisher.Join(session, {}, "");
  entered.get_future().wait();
  // The publisher is held; commits go on.
  for (int i = 1; i <= 50; ++i) Commit(*store, {MakeUpstream("u" + std::to_string(i))});
  gate.set_value();
  EXPECT_TRUE(harness::Eventually([&] { return Newest(*session) == 50; }));
  EXPECT_EQ(compiled, 2);
}

// A filler as the controller's: gives every upstream one more backend, knows nothing or asks for time as it is told.
class PublisherFillingTest : public testing::Test {
 protected:
  PublisherFillingTest() { Commit(*store_, MakeSite()); }

  FilledCatalog Fill(const std::shared_ptr<const store::Catalog>& catalog) {
    const std::lock_guard lock(mutex_);
    auto out = std::make_shared<store::Catalog>(*catalog);
    for (auto& [key, resource] : out->resources) {
      if (!resource->has_upstream()) continue;
      auto copy = std::make_shared<v1::Resource>(*resource);
      copy->mutable_upstream()->add_backends()->set_address(address_);
      resource = copy;
    }
    return {out, unknown_ ? std::make_shared<const std::set<std::string>>(std::set<std::string>{"app"}) : nullptr, wait_};
  }
  void Set(const std::string& address, bool unknown, Duration wait = {}) {
    const std::lock_guard lock(mutex_);
    address_ = address;
    unknown_ = unknown;
    wait_ = wait;
  }
  static std::string Last(FakeSession& session) {
    const auto targets = session.targets();
    if (targets.empty()) return "";
    for (const v1::Resource& resource : targets.back()->resources()) {
      if (resource.has_upstream()) return resource.upstream().backends(resource.upstream().backends_size() - 1).address();
    }
    return "";
  }
  std::shared_ptr<FakeSession> Join(const std::string& name, const std::string& digest) {
    auto session = std::make_shared<FakeSession>(name);
    publisher_.Join(session, {}, digest);
    return session;
  }
  static bool Becomes(FakeSession& session, const std::string& address) {
    return harness::Eventually([&] { return Last(session) == address; });
  }

  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  std::mutex mutex_;
  std::string address_ = "10.1.0.1:80";
  bool unknown_ = false;
  Duration wait_{};
  Publisher publisher_{store_.get(), &compiler::Compile, [this](const auto& catalog) { return Fill(catalog); }};
};

TEST_F(PublisherFillingTest, TellsWhatIsFilledInAndItsChangesAtTheSameGeneration) {
  auto session = Join("a", "");
  EXPECT_TRUE(Becomes(*session, "10.1.0.1:80"));
  Set("10.1.0.2:80", false);
  publisher_.Refill();
  EXPECT_TRUE(Becomes(*session, "10.1.0.2:80"));
  EXPECT_EQ(Newest(*session), 1u);
  EXPECT_NE(session->targets().front()->digest(), session->targets().back()->digest());
}

TEST_F(PublisherFillingTest, AnAgentThatServesIsToldNothingThatIsNotKnown) {
  Set("10.1.0.1:80", true);
  auto serving = Join("serving", "digest of what it serves");
  auto empty = Join("empty", "");
  ASSERT_TRUE(Becomes(*empty, "10.1.0.1:80")) << "one that has nothing has nothing to lose";
  // Neither by a commit nor by news about something else.
  Commit(*store_, {MakeUpstream("other")});
  publisher_.Refill();
  ASSERT_TRUE(harness::Eventually([&] { return Newest(*empty) == 2; }));
  EXPECT_TRUE(serving->targets().empty());
  Set("10.1.0.2:80", false);
  publisher_.Refill();
  EXPECT_TRUE(Becomes(*serving, "10.1.0.2:80"));
  EXPECT_EQ(Newest(*serving), 2u);
}

TEST_F(PublisherFillingTest, WaitsAsAskedAndNoLongerThanUntilThereIsNews) {
  Set("10.1.0.1:80", false, std::chrono::hours(1));
  auto session = Join("a", "");
  Commit(*store_, {MakeUpstream("other")});
  EXPECT_TRUE(session->targets().empty());
  Set("10.1.0.3:80", false);
  publisher_.Refill();
  EXPECT_TRUE(Becomes(*session, "10.1.0.3:80"));
  EXPECT_EQ(Newest(*session), 2u);
}

class SnapshotCacheTest : public testing::Test {
 protected:
  SnapshotCacheTest() {
    Commit(*store_, MakeSite());
    Commit(*store_, {MakeListener("edge", 9090, {{"role", "edge"}})});
  }
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  SnapshotCache cache_{[](const store::Catalog& catalog, const Labels& labels) { return compiler::Compile(catalog, labels); }};
};

TEST_F(SnapshotCacheTest, CompilesOncePerGenerationForLabelsThatNoSelectorNames) {
  const auto catalog = store_->Read();
  for (int i = 0; i < 1000; ++i) cache_.Get(catalog, {{"host", "h" + std::to_string(i)}});
  EXPECT_EQ(cache_.compilations(), 1u);
}

TEST_F(SnapshotCacheTest, TellsApartLabelsThatASelectorNames) {
  const auto catalog = store_->Read();
  EXPECT_EQ(cache_.Get(catalog, {{"role", "edge"}})->resources_size(), 4);
  EXPECT_EQ(cache_.Get(catalog, {{"role", "core"}})->resources_size(), 3);
  EXPECT_EQ(cache_.Get(catalog, {})->resources_size(), 3);
  EXPECT_EQ(cache_.compilations(), 3u);
  EXPECT_EQ(cache_.Get(catalog, {{"role", "core"}}), cache_.Get(catalog, {}));
}

TEST_F(SnapshotCacheTest, AnswersAsTheCompilerDoesForEveryLabelSet) {
  const auto catalog = store_->Read();
  for (const Labels& labels : {Labels{}, Labels{{"role", "edge"}}, Labels{{"role", "edge"}, {"zone", "a"}}, Labels{{"zone", "a"}}}) {
    EXPECT_EQ(cache_.Get(catalog, labels)->SerializeAsString(), compiler::Compile(*catalog, labels).SerializeAsString());
  }
}

TEST_F(SnapshotCacheTest, CompilesAgainForTheNextGeneration) {
  cache_.Get(store_->Read(), {});
  Commit(*store_, {MakeUpstream("app", "10.0.0.9:80")});
  EXPECT_EQ(cache_.Get(store_->Read(), {})->generation(), 3u);
  EXPECT_EQ(cache_.compilations(), 2u);
}

TEST_F(SnapshotCacheTest, RemembersRecentSnapshotsByDigest) {
  const auto old = cache_.Get(store_->Read(), {});
  Commit(*store_, {MakeUpstream("app", "10.0.0.9:80")});
  cache_.Get(store_->Read(), {});
  EXPECT_EQ(cache_.FindRecent(old->digest()), old);
  EXPECT_EQ(cache_.FindRecent("unknown"), nullptr);
}

}  // namespace
}  // namespace switchyard::controlplane::stream
