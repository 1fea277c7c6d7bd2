// Goal: EndpointSlices become the backends that a user of the Service would expect. Method: tables of slices.
#include "controlplane/kubernetes/endpoints.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/config/limits.h"

namespace switchyard::controlplane::kubernetes {
namespace {

struct Form {
  std::string address;
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string target;
  std::string zone;
};

EndpointSlice Slice(const std::string& name, const std::vector<Form>& endpoints, const std::vector<SlicePort>& ports = {{"http", 8080, "TCP"}}) {
  EndpointSlice slice{.name = name, .service = "app", .address_type = "IPv4", .ports = ports, .endpoints = {}};
  for (const Form& form : endpoints) {
    slice.endpoints.push_back({form.address, form.ready, form.serving, form.terminating, form.zone, form.target});
    if (form.address.find(':') != std::string::npos) slice.address_type = "IPv6";
  }
  return slice;
}

// `address`, with `!` when it drains.
std::vector<std::string> Found(const std::vector<EndpointSlice>& slices, const std::string& port = "http", std::string* problem = nullptr) {
  Slices by_name;
  for (const EndpointSlice& slice : slices) by_name[slice.name] = slice;
  const Endpoints endpoints = EndpointsOf(by_name, port);
  if (problem != nullptr) *problem = endpoints.problem;
  std::vector<std::string> out;
  for (const v1::Backend& backend : endpoints.backends) out.push_back(backend.address() + (backend.state() == v1::BACKEND_STATE_DRAINING ? "!" : ""));
  return out;
}

using List = std::vector<std::string>;

TEST(Endpoints, SlicesOfOneServiceAreOneList) {
  EXPECT_EQ(Found({Slice("b", {{"10.0.0.2"}}), Slice("a", {{"10.0.0.3"}, {"10.0.0.1"}})}), (List{"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"}));
  EXPECT_TRUE(Found({}).empty());
}

TEST(Endpoints, ConditionsDecideWhoTakesPart) {
  const Form ready{"10.0.0.1"}, leaving{"10.0.0.2", false, true, true}, gone{"10.0.0.3", false, false, true}, starting{"10.0.0.4", false, false, false};
  // Serving without being ready or on its way out is nothing that the API promises anything about.
  const Form odd{"10.0.0.5", false, true, false};
  EXPECT_EQ(Found({Slice("a", {ready, leaving, gone, starting, odd})}), (List{"10.0.0.1:8080", "10.0.0.2:8080!"}));
}

TEST(Endpoints, WhileNobodyIsReadyThoseThatLeaveStillServe) {
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.2", false, true, true}, {"10.0.0.3", false, false, true}})}), (List{"10.0.0.2:8080"}));
}

TEST(Endpoints, OneThatMovesBetweenSlicesCountsOnceByItsBetterWord) {
  const Form ready{"10.0.0.1"}, leaving{"10.0.0.1", false, true, true};
  EXPECT_EQ(Found({Slice("a", {ready}), Slice("b", {leaving})}), (List{"10.0.0.1:8080"}));
  EXPECT_EQ(Found({Slice("a", {leaving}), Slice("b", {ready, {"10.0.0.9"}})}), (List{"10.0.0.1:8080", "10.0.0.9:8080"}));
}

TEST(Endpoints, APodWithBothFamiliesIsOneBackendByIpv4) {
  const Form four{.address = "10.0.0.1", .target = "pod-1"}, six{.address = "fd00::1", .target = "pod-1"}, only_six{.address = "fd00::2", .target = "pod-2"};
  EXPECT_EQ(Found({Slice("four", {four}), Slice("six", {six, only_six})}), (List{"10.0.0.1:8080", "[fd00::2]:8080"}));
  // Without a name of the pod nothing says that they are the same.
  EXPECT_EQ(Found({Slice("four", {{"10.0.0.1"}}), Slice("six", {{"fd00::1"}})}), (List{"10.0.0.1:8080", "[fd00::1]:8080"}));
  // An IPv4 address that is out does not hide the other.
  Form out = four;
  out.ready = out.serving = false;
  EXPECT_EQ(Found({Slice("four", {out}), Slice("six", {six})}), (List{"[fd00::1]:8080"}));
}

TEST(Endpoints, PortsAreFoundByNameNumberOrBecauseThereIsOne) {
  const std::vector<SlicePort> two{{"metrics", 9100, "TCP"}, {"http", 8080, "TCP"}};
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.1"}}, two)}, "http"), (List{"10.0.0.1:8080"}));
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.1"}}, two)}, "9100"), (List{"10.0.0.1:9100"}));
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.1"}}, {{"dns", 53, "UDP"}, {"", 8080, ""}})}, ""), (List{"10.0.0.1:8080"}));
  // A named target port may have another number in each slice.
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.1"}}), Slice("b", {{"10.0.0.2"}}, {{"http", 9090, "TCP"}})}), (List{"10.0.0.1:8080", "10.0.0.2:9090"}));
  // A slice that states no number takes ours.
  EXPECT_EQ(Found({Slice("a", {{"10.0.0.1"}}, {{"", 0, "TCP"}})}, "81"), (List{"10.0.0.1:81"}));
}

TEST(Endpoints, WhatKeepsEndpointsOutIsSaid) {
  std::string problem;
  EXPECT_TRUE(Found({Slice("a", {{"10.0.0.1"}}, {{"a", 1, "TCP"}, {"b", 2, "TCP"}})}, "", &problem).empty());
  EXPECT_EQ(problem, "has several ports (a, b); name one in `port`");
  EXPECT_TRUE(Found({Slice("a", {{"10.0.0.1"}})}, "grpc", &problem).empty());
  EXPECT_EQ(problem, "has endpoints without a TCP port \"grpc\"; there are: http");
  EXPECT_TRUE(Found({Slice("a", {{"not-an-address"}})}, "http", &problem).empty());
  EXPECT_EQ(problem, "has 1 endpoints whose address is none");
  EndpointSlice names = Slice("a", {{"db.example.com"}});
  names.address_type = "FQDN";
  EXPECT_TRUE(Found({names}, "http", &problem).empty());
  EXPECT_EQ(problem, "has endpoints of type FQDN, which are not addresses");
  EXPECT_TRUE(Found({Slice("a", {}, {})}, "http", &problem).empty());
  EXPECT_EQ(problem, "");
}

TEST(Endpoints, ZonesComeAlongUnlessTooLong) {
  Slices slices;
  slices["a"] = Slice("a", {{.address = "10.0.0.1", .zone = "eu-1a"}, {.address = "10.0.0.2", .zone = std::string(64, 'z')}});
  const Endpoints endpoints = EndpointsOf(slices, "http");
  EXPECT_EQ(endpoints.backends[0].zone(), "eu-1a");
  EXPECT_EQ(endpoints.backends[1].zone(), "");
}

TEST(Endpoints, MoreThanTheBoundAreCutInOrderAndSaid) {
  std::vector<Form> many;
  for (int i = 0; i < 1100; ++i) many.push_back({fmt::format("10.0.{}.{}", i / 250, i % 250)});
  std::string problem;
  EXPECT_EQ(Found({Slice("a", many)}, "http", &problem).size(), config::kMaxDiscovered);
  EXPECT_NE(problem.find("more than 1000"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::controlplane::kubernetes
