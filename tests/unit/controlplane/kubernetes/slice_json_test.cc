// Goal: what an API server says is read as its reference means it, and nothing else is taken for it. Method: tables of texts.
#include "controlplane/kubernetes/slice_json.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace switchyard::controlplane::kubernetes {
namespace {

constexpr std::string_view kSlice = R"({"metadata":{"name":"app-1","resourceVersion":"17","labels":{"kubernetes.io/service-name":"app"}},
 "addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP","appProtocol":null}],
 "endpoints":[{"addresses":["10.0.0.1","10.0.0.9"],"conditions":{"ready":true},"zone":"a","targetRef":{"kind":"Pod","name":"p","uid":"u"},"hints":{"x":1}},
              {"addresses":["10.0.0.2"],"conditions":{"ready":null}},
              {"addresses":["10.0.0.3"],"conditions":{"ready":false}},
              {"addresses":["10.0.0.4"],"conditions":{"ready":false,"serving":true,"terminating":true},"targetRef":{"kind":"Pod","name":"p4"}}]})";

std::string Line(std::string_view type, std::string_view object = kSlice) {
  return "{\"type\":\"" + std::string(type) + "\",\"object\":" + std::string(object) + "}";
}

TEST(SliceJson, ReadsASliceWithItsAbsentConditions) {
  const auto event = ParseWatchEvent(Line("ADDED"));
  ASSERT_TRUE(event.ok()) << Message(event.status());
  EXPECT_EQ(event->kind, WatchEvent::Kind::kPut);
  EXPECT_EQ(event->version, "17");
  EXPECT_EQ(event->slice.name, "app-1");
  EXPECT_EQ(event->slice.service, "app");
  EXPECT_EQ(event->slice.ports, (std::vector<SlicePort>{{"http", 8080, "TCP"}}));
  const std::vector<SliceEndpoint> wanted{{"10.0.0.1", true, true, false, "a", "u"},
                                          {"10.0.0.2", true, true, false, "", ""},
                                          {"10.0.0.3", false, false, false, "", ""},
                                          {"10.0.0.4", false, true, true, "", "Pod/p4"}};
  EXPECT_EQ(event->slice.endpoints, wanted);
}

TEST(SliceJson, ReadsEveryTypeOfEvent) {
  EXPECT_EQ(ParseWatchEvent(Line("MODIFIED"))->kind, WatchEvent::Kind::kPut);
  EXPECT_EQ(ParseWatchEvent(Line("DELETED"))->kind, WatchEvent::Kind::kDelete);
  const auto bookmark = ParseWatchEvent(Line("BOOKMARK", R"({"metadata":{"resourceVersion":"99"}})"));
  EXPECT_EQ(bookmark->kind, WatchEvent::Kind::kBookmark);
  EXPECT_EQ(bookmark->version, "99");
  const auto gone = ParseWatchEvent(Line("ERROR", R"({"kind":"Status","code":410,"message":"too old resource version"})"));
  EXPECT_EQ(gone->kind, WatchEvent::Kind::kError);
  EXPECT_EQ(gone->code, 410);
  EXPECT_EQ(gone->message, "too old resource version");
}

TEST(SliceJson, ReadsAPageAndWhereItGoesOn) {
  const auto page = ParseSlicePage(R"({"kind":"EndpointSliceList","metadata":{"resourceVersion":"5","continue":"abc"},"items":[)" + std::string(kSlice) + "]}");
  ASSERT_TRUE(page.ok()) << Message(page.status());
  EXPECT_EQ(page->version, "5");
  EXPECT_EQ(page->more, "abc");
  EXPECT_EQ(page->slices.size(), 1u);
  EXPECT_TRUE(ParseSlicePage(R"({"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":null})")->slices.empty());
}

TEST(SliceJson, WhatIsOddIsRefusedWithTheReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "is not JSON"},
      {"<html>", "is not JSON"},
      {"[]", "of type \"\""},
      {"{}", "of type \"\""},
      {Line("RENAMED"), "of type \"RENAMED\""},
      {Line("ADDED", "7"), "an object is expected"},
      {Line("ADDED", "{}"), "without resourceVersion"},
      {Line("BOOKMARK", R"({"metadata":{}})"), "without resourceVersion"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1"}})"), "without a name"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":1,"name":"x"}})"), "`resourceVersion` is not a string"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1","name":"x"},"ports":[{"port":70000}]})"), "`port` is not a number up to 65535"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1","name":"x"},"ports":[{"port":-1}]})"), "`port` is not a number up to 65535"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1","name":"x"},"endpoints":{}})"), "`endpoints` is not a list"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1","name":"x"},"endpoints":[{"addresses":[4]}]})"), "an address is not a string"},
      {Line("ADDED", R"({"metadata":{"resourceVersion":"1","name":"x"},"endpoints":[{"conditions":{"ready":"yes"}}]})"), "`ready` is not true or false"},
      {std::string(100, '[') + std::string(100, ']'), "is not JSON"},
  };
  for (const auto& [text, reason] : cases) {
    const auto event = ParseWatchEvent(text);
    ASSERT_FALSE(event.ok()) << text;
    EXPECT_NE(Message(event.status()).find(reason), std::string::npos) << text << ": " << Message(event.status());
  }
  EXPECT_FALSE(ParseSlicePage(R"({"kind":"Status","metadata":{}})").ok());
  EXPECT_FALSE(ParseSlicePage(R"({"kind":"EndpointSliceList","metadata":{}})").ok());
}

TEST(SliceJson, StatusesAreForPeople) {
  EXPECT_EQ(StatusMessage(R"({"kind":"Status","message":"forbidden"})"), "forbidden");
  EXPECT_EQ(StatusMessage("nope"), "");
  EXPECT_EQ(StatusMessage(R"({"message":7})"), "");
}

}  // namespace
}  // namespace switchyard::controlplane::kubernetes
