// Goal: list and watch follow the API's rules through every kind of end. Method: answers are played to the state machine, requests are read.
#include "controlplane/kubernetes/namespace_watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace switchyard::controlplane::kubernetes {
namespace {

using std::chrono::seconds;

std::string SliceText(const std::string& name, const std::string& version, const std::string& address, const std::string& service = "app") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","resourceVersion":"{}","labels":{{"kubernetes.io/service-name":"{}"}}}},"addressType":"IPv4",)"
      R"("ports":[{{"name":"http","port":80}}],"endpoints":[{{"addresses":["{}"]}}]}})",
      name, version, service, address);
}

std::string PageText(const std::string& version, const std::string& items, const std::string& more = "") {
  return fmt::format(R"({{"kind":"EndpointSliceList","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})", version, more, items);
}

std::string EventText(const std::string& type, const std::string& object) { return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object); }

class NamespaceWatchTest : public testing::Test {
 protected:
  NamespaceWatchTest() { watch_.Want({"app"}); }

  // One whole request; the wait after it.
  Duration Answer(int status, const std::string& body, Duration took = seconds(60), const absl::Status& transport = absl::OkStatus()) {
    asked_ = watch_.Next().path;
    watch_.OnHead(status);
    absl::Status read = watch_.OnBytes(body);
    if (read.ok()) read = transport;
    return watch_.OnEnd(read, took);
  }
  bool Asks(const std::string& part) { return asked_.find(part) != std::string::npos; }
  void List(const std::string& version = "10") { Answer(200, PageText(version, SliceText("a", "9", "10.0.0.1"))); }
  std::vector<std::string> Addresses(const std::string& service = "app") {
    std::vector<std::string> out;
    for (const auto& [name, slice] : watch_.SlicesOf(service)) out.push_back(slice.endpoints[0].address);
    return out;
  }

  using Strings = std::vector<std::string>;
  NamespaceWatch watch_{"shop", 7};
  std::string asked_;
};

TEST_F(NamespaceWatchTest, ListsThenWatchesFromThere) {
  List();
  EXPECT_TRUE(Asks("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%20in%20%28app%29&limit=500")) << asked_;
  EXPECT_TRUE(watch_.Knows("app"));
  EXPECT_EQ(watch_.TakeChanged(), (std::set<std::string>{"app"}));
  EXPECT_EQ(Addresses(), (Strings{"10.0.0.1"}));
  Answer(200, EventText("ADDED", SliceText("b", "11", "10.0.0.2")) + EventText("DELETED", SliceText("a", "12", "10.0.0.1")));
  EXPECT_TRUE(Asks("watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=")) << asked_;
  EXPECT_EQ(Addresses(), (Strings{"10.0.0.2"}));
  EXPECT_EQ(watch_.TakeChanged(), (std::set<std::string>{"app"}));
  Answer(200, "");
  EXPECT_TRUE(Asks("resourceVersion=12&"));
  EXPECT_TRUE(watch_.TakeChanged().empty());
}

TEST_F(NamespaceWatchTest, ALineMayComeInAnyPieces) {
  List();
  watch_.Next();
  watch_.OnHead(200);
  for (const char c : EventText("ADDED", SliceText("b", "11", "10.0.0.2"))) ASSERT_TRUE(watch_.OnBytes({&c, 1}).ok());
  EXPECT_EQ(Addresses().size(), 2u);
}

TEST_F(NamespaceWatchTest, PagesCountWhenTheLastIsThere) {
  Answer(200, PageText("10", SliceText("a", "9", "10.0.0.1"), "next/page"));
  EXPECT_FALSE(watch_.Knows("app"));
  Answer(200, PageText("10", SliceText("b", "9", "10.0.0.2")));
  EXPECT_TRUE(Asks("&continue=next%2Fpage"));
  EXPECT_EQ(Addresses().size(), 2u);
  // A token that is too old: from the first page.
  Answer(410, R"({"message":"expired"})");
  Answer(200, PageText("20", SliceText("a", "9", "10.0.0.1"), "more"));
  EXPECT_FALSE(Asks("continue"));
  Answer(410, R"({"message":"expired"})");
  Answer(200, PageText("21", ""));
  EXPECT_FALSE(Asks("continue"));
  EXPECT_TRUE(Addresses().empty());
}

TEST_F(NamespaceWatchTest, GoneMeansANewListAndTheOldHoldsUntilThen) {
  List();
  Answer(200, EventText("ERROR", R"({"kind":"Status","code":410,"message":"too old"})"));
  EXPECT_NE(watch_.error().find("410 too old"), std::string::npos);
  EXPECT_EQ(Addresses().size(), 1u);
  Answer(200, PageText("30", SliceText("c", "29", "10.0.0.3")));
  EXPECT_TRUE(Asks("limit="));
  EXPECT_EQ(watch_.error(), "");
  EXPECT_EQ(Addresses(), (Strings{"10.0.0.3"}));
  Answer(410, R"({"message":"gone"})");
  Answer(200, PageText("31", SliceText("c", "29", "10.0.0.3")));
  EXPECT_TRUE(Asks("limit="));
}

TEST_F(NamespaceWatchTest, ABrokenWatchGoesOnWhereItWas) {
  List();
  Answer(200, EventText("BOOKMARK", R"({"metadata":{"resourceVersion":"44"}})"), seconds(20), absl::UnavailableError("reset"));
  EXPECT_NE(watch_.error(), "");
  Answer(200, "");
  EXPECT_TRUE(Asks("resourceVersion=44&"));
  EXPECT_EQ(watch_.error(), "");
  Answer(500, R"({"message":"etcd"})", seconds(0));
  EXPECT_NE(watch_.error().find("answered 500: etcd"), std::string::npos);
  Answer(200, "");
  EXPECT_TRUE(Asks("resourceVersion=44&"));
}

TEST_F(NamespaceWatchTest, WhatCannotBeReadMeansANewList) {
  List();
  Answer(200, "garbage\n");
  EXPECT_NE(watch_.error().find("is not JSON"), std::string::npos);
  EXPECT_EQ(Addresses().size(), 1u);
  Answer(200, "{\"kind\":");
  EXPECT_TRUE(Asks("limit="));
  EXPECT_EQ(Addresses().size(), 1u) << "a list that is no list changes nothing";
}

TEST_F(NamespaceWatchTest, WaitsGrowWhileNothingWorksAndNotOtherwise) {
  Duration most{};
  for (int i = 0; i < 20; ++i) most = std::max(most, Answer(503, "", seconds(0)));
  EXPECT_GT(most, seconds(8));
  EXPECT_LE(most, seconds(30));
  EXPECT_EQ(Answer(200, PageText("10", "")), Duration::zero());
  EXPECT_EQ(Answer(200, "", seconds(60)), Duration::zero()) << "the end of a watch is nothing special";
  Duration all{};
  for (int i = 0; i < 10; ++i) all += Answer(200, "", seconds(0));
  EXPECT_GT(all, seconds(2)) << "one that ends at once each time is";
}

TEST_F(NamespaceWatchTest, BoundsEndTheRequest) {
  watch_.Next();
  watch_.OnHead(200);
  EXPECT_TRUE(watch_.OnBytes(std::string(NamespaceWatch::kMaxAnswer, ' ')).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(watch_.OnBytes(" ")));
  watch_.OnEnd(absl::ResourceExhaustedError("x"), seconds(1));
  List();
  watch_.Next();
  watch_.OnHead(200);
  EXPECT_TRUE(watch_.OnBytes(std::string(NamespaceWatch::kMaxEvent, 'x')).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(watch_.OnBytes("x")));
  watch_.OnEnd(absl::ResourceExhaustedError("x"), seconds(1));
  EXPECT_EQ(Addresses().size(), 1u);
  Answer(200, PageText("11", ""));
  EXPECT_TRUE(Asks("limit="));
}

TEST_F(NamespaceWatchTest, OtherServicesMeanANewListAndForgetTheUnwanted) {
  List();
  EXPECT_FALSE(watch_.Want({"app"}));
  EXPECT_TRUE(watch_.Want({"app", "web"}));
  EXPECT_EQ(Addresses().size(), 1u) << "what is known holds meanwhile";
  EXPECT_FALSE(watch_.Knows("web"));
  const std::string web = SliceText("w", "9", "10.0.1.1", "web"), stranger = SliceText("x", "9", "10.0.2.1", "stranger");
  Answer(200, PageText("11", web + "," + SliceText("a", "9", "10.0.0.1") + "," + stranger));
  EXPECT_TRUE(Asks("in%20%28app%2Cweb%29"));
  EXPECT_EQ(Addresses("web").size(), 1u);
  EXPECT_TRUE(watch_.SlicesOf("stranger").empty());
  EXPECT_TRUE(watch_.Want({"web"}));
  EXPECT_FALSE(watch_.Knows("app"));
  EXPECT_TRUE(Addresses().empty());
}

TEST_F(NamespaceWatchTest, ManyServicesAreNotNamedOneByOne) {
  std::set<std::string> many;
  for (std::size_t i = 0; i <= NamespaceWatch::kMaxNamed; ++i) many.insert(fmt::format("s{}", i));
  watch_.Want(many);
  EXPECT_NE(watch_.Next().path.find("labelSelector=kubernetes.io%2Fservice-name&limit"), std::string::npos);
}

TEST_F(NamespaceWatchTest, ASliceGivenToAnotherServiceLeavesTheOld) {
  watch_.Want({"app", "web"});
  List();
  Answer(200, EventText("MODIFIED", SliceText("a", "12", "10.0.0.1", "web")));
  EXPECT_TRUE(Addresses("app").empty());
  EXPECT_EQ(Addresses("web").size(), 1u);
}

}  // namespace
}  // namespace switchyard::controlplane::kubernetes
