// Goal: reading verbs answer what is there, page by page, and refuse what makes no sense. Method: the memory store with a few generations.
#include <gtest/gtest.h>

#include "controlplane/admin/agents_handler.h"
#include "controlplane/admin/change_intent.h"
#include "controlplane/admin/get_handler.h"
#include "controlplane/admin/history_handler.h"
#include "controlplane/admin/list_handler.h"
#include "controlplane/admin/page.h"
#include "controlplane/admin/status_handler.h"
#include "controlplane/admin/top_handler.h"
#include "controlplane/store/memory_store.h"
#include "tests/unit/controlplane/manual_timers.h"
#include "tests/unit/controlplane/resources.h"
#include "tests/unit/controlplane/stream/fake_session.h"

namespace switchyard::controlplane::admin {
namespace {
using std::chrono::seconds;

class ReadHandlersTest : public testing::Test {
 protected:
  void Apply(std::vector<v1::Resource> resources) {
    ASSERT_TRUE(ChangeIntent(*store_, clock_, {.upserts = std::move(resources)}).status.ok());
  }
  std::shared_ptr<stream::FakeSession> Connect(const std::string& node, std::uint64_t served) {
    auto session = std::make_shared<stream::FakeSession>(node);
    EXPECT_TRUE(registry_.Attach(session, Facts(node, served)).ok());
    return session;
  }
  stream::SessionFacts Facts(const std::string& node, std::uint64_t served) {
    stream::SessionFacts facts;
    facts.node = node;
    facts.served_generation = served;
    facts.revision = ++revision_;
    return facts;
  }

  ManualClock clock_;
  ManualTimers timers_{&clock_};
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  stream::SessionRegistry registry_{&clock_, &timers_};
  std::uint64_t revision_ = 0;
};

TEST_F(ReadHandlersTest, GetReturnsTheResourceWithItsGeneration) {
  Apply(MakeSite());
  v1::GetRequest request;
  *request.mutable_key() = MakeKey(v1::KIND_UPSTREAM, "app");
  const auto resource = HandleGet(*store_, request);
  ASSERT_TRUE(resource.ok());
  EXPECT_EQ(resource->generation(), 1u);
}

TEST_F(ReadHandlersTest, GetNamesWhatIsNotThere) {
  v1::GetRequest request;
  EXPECT_EQ(HandleGet(*store_, request).status().code(), absl::StatusCode::kInvalidArgument);
  *request.mutable_key() = MakeKey(v1::KIND_ROUTE, "ghost");
  EXPECT_EQ(HandleGet(*store_, request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReadHandlersTest, ListPagesThroughEverythingInOrder) {
  for (int i = 0; i < 25; ++i) Apply({MakeUpstream("u" + std::to_string(100 + i))});
  Apply({MakeListener("web", 80)});
  v1::ListRequest request;
  request.set_page_size(10);
  std::vector<std::string> names;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = HandleList(*store_, request);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(page->resources_size(), 10);
    for (const auto& resource : page->resources()) names.push_back(resource.name());
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  ASSERT_EQ(names.size(), 26u);
  EXPECT_EQ(names.front(), "web");
  EXPECT_TRUE(std::is_sorted(names.begin() + 1, names.end()));
}

TEST_F(ReadHandlersTest, ListPagesStayStableWhileResourcesComeAndGo) {
  Apply({MakeUpstream("b"), MakeUpstream("d"), MakeUpstream("f")});
  v1::ListRequest request;
  request.set_page_size(2);
  auto page = HandleList(*store_, request);
  ASSERT_TRUE(page.ok());
  Apply({MakeUpstream("a"), MakeUpstream("c")});
  ChangeIntent(*store_, clock_, {.deletes = {MakeKey(v1::KIND_UPSTREAM, "d")}});
  request.set_page_token(page->next_page_token());
  page = HandleList(*store_, request);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->resources_size(), 1);
  EXPECT_EQ(page->resources(0).name(), "f");
}

TEST_F(ReadHandlersTest, ListSelectsByKindAndLabels) {
  auto labelled = MakeUpstream("pay");
  (*labelled.mutable_labels())["team"] = "payments";
  Apply({labelled, MakeUpstream("app"), MakeListener("web", 80)});
  v1::ListRequest request;
  request.set_kind(v1::KIND_UPSTREAM);
  EXPECT_EQ(HandleList(*store_, request)->resources_size(), 2);
  (*request.mutable_match_labels())["team"] = "payments";
  const auto page = HandleList(*store_, request);
  ASSERT_EQ(page->resources_size(), 1);
  EXPECT_EQ(page->resources(0).name(), "pay");
}

TEST_F(ReadHandlersTest, ListRefusesAForeignToken) {
  v1::ListRequest request;
  for (const std::string token : {"x", "history1/4", "list1/3", "list1/abc/x", "list1/99999999999999999999/x", "list1/77/x"}) {
    request.set_page_token(token);
    EXPECT_EQ(HandleList(*store_, request).status().code(), absl::StatusCode::kInvalidArgument) << token;
  }
}

TEST_F(ReadHandlersTest, HistoryPagesNewestFirst) {
  for (int i = 0; i < 7; ++i) Apply({MakeUpstream("u" + std::to_string(i))});
  v1::HistoryRequest request;
  request.set_page_size(3);
  std::vector<std::uint64_t> generations;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = HandleHistory(*store_, request);
    ASSERT_TRUE(page.ok());
    for (const auto& entry : page->entries()) generations.push_back(entry.generation());
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(generations, (std::vector<std::uint64_t>{7, 6, 5, 4, 3, 2, 1}));
}

TEST_F(ReadHandlersTest, HistoryOfOneGenerationHasItsResources) {
  Apply(MakeSite());
  v1::HistoryRequest request;
  request.set_generation(1);
  EXPECT_EQ(HandleHistory(*store_, request)->resources_size(), 3);
  request.set_generation(9);
  EXPECT_EQ(HandleHistory(*store_, request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReadHandlersTest, AgentsShowAgeOnlyOfThoseBehind) {
  Connect("a", 5);
  auto behind = Facts("b", 4);
  behind.behind_since = clock_.Now();
  auto b = std::make_shared<stream::FakeSession>("b");
  ASSERT_TRUE(registry_.Attach(b, behind).ok());
  clock_.Advance(seconds(7));
  const auto response = HandleAgents(registry_, clock_, 5, {});
  ASSERT_EQ(response->agents_size(), 2);
  EXPECT_EQ(response->agents(0).config_age().seconds(), 0);
  EXPECT_EQ(response->agents(1).config_age().seconds(), 7);
}

TEST_F(ReadHandlersTest, ADisconnectedAgentAgesOnlyWhenItMissedSomething) {
  const auto a = Connect("a", 5);
  registry_.Detach(*a, Facts("a", 5));
  clock_.Advance(seconds(7));
  EXPECT_EQ(HandleAgents(registry_, clock_, 5, {})->agents(0).config_age().seconds(), 0);
  EXPECT_EQ(HandleAgents(registry_, clock_, 6, {})->agents(0).config_age().seconds(), 7);
}

TEST_F(ReadHandlersTest, AgentsArePagedByNode) {
  for (const char* node : {"a", "b", "c"}) Connect(node, 1);
  v1::AgentsRequest request;
  request.set_page_size(2);
  auto page = HandleAgents(registry_, clock_, 1, request);
  ASSERT_EQ(page->agents_size(), 2);
  request.set_page_token(page->next_page_token());
  page = HandleAgents(registry_, clock_, 1, request);
  ASSERT_EQ(page->agents_size(), 1);
  EXPECT_EQ(page->agents(0).node(), "c");
  EXPECT_TRUE(page->next_page_token().empty());
}

TEST_F(ReadHandlersTest, StatusIsOfTheNewestGenerationUnlessNamed) {
  Apply({MakeUpstream("a")});
  Apply({MakeUpstream("b")});
  Connect("n", 1);
  const auto newest = HandleStatus(*store_, registry_, {});
  ASSERT_TRUE(newest.ok());
  EXPECT_EQ(newest->entry().generation(), 2u);
  EXPECT_FALSE(newest->convergence().complete());
  v1::StatusRequest request;
  request.set_generation(1);
  EXPECT_TRUE(HandleStatus(*store_, registry_, request)->convergence().complete());
  request.set_generation(3);
  EXPECT_EQ(HandleStatus(*store_, registry_, request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReadHandlersTest, StatusBeforeTheFirstCommitIsEmptyAndComplete) {
  const auto status = HandleStatus(*store_, registry_, {});
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->convergence().complete());
  EXPECT_FALSE(status->has_entry());
}

TEST_F(ReadHandlersTest, TopRefusesAWindowOutsideItsRange) {
  feedback::Aggregator aggregator(&clock_);
  v1::TopRequest request;
  EXPECT_TRUE(HandleTop(aggregator, request).ok());
  request.mutable_window()->set_seconds(61);
  EXPECT_EQ(HandleTop(aggregator, request).status().code(), absl::StatusCode::kInvalidArgument);
  request.mutable_window()->set_seconds(0);
  EXPECT_EQ(HandleTop(aggregator, request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Page, SizeHasADefaultAndABound) {
  EXPECT_EQ(PageSize(0, 50, 1000), 50u);
  EXPECT_EQ(PageSize(7, 50, 1000), 7u);
  EXPECT_EQ(PageSize(5000, 50, 1000), 1000u);
}

}  // namespace
}  // namespace switchyard::controlplane::admin
