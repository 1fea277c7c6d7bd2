// Goal: in the running agent a route avoids the backend that fails it, others keep that backend, and the route comes back when its endpoint has
// mended. Method: one upstream, two routes, raw backends that fail one path only; who served what is counted by the backends.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/harness/deadline.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Eventually;
using harness::RawBackend;

// A backend whose /buy can be sick.
struct Shop {
  std::atomic<bool> sick{false};
  std::atomic<int> buys{0};
  std::atomic<int> looks{0};
  RawBackend backend{[this](BackendConnection& connection) {
    while (true) {
      const auto request = connection.ReadRequest();
      if (!request.ok()) return;
      const bool buy = request->start_line.find(" /buy") != std::string::npos;
      ++(buy ? buys : looks);
      const char* status = buy && sick ? "500 No" : "200 OK";
      if (!connection.Write(fmt::format("HTTP/1.1 {}\r\nContent-Length: 2\r\n\r\nok", status)).ok()) return;
    }
  }};
};

class RouteBreakers : public testing::Test {
 protected:
  void Open(const std::string& upstream_line, std::size_t backends) {
    SiteOptions options{.upstream_line = upstream_line};
    for (std::size_t i = 0; i < backends; ++i) options.backends.push_back(shops_.emplace_back(std::make_unique<Shop>())->backend.address());
    site_ = std::make_unique<Site>(options);
    ASSERT_TRUE(site_->ok());
    buy_route_ = fmt::format(
        "kind: Route\nname: {0}-buy\nspec:\n  listeners: [{0}]\n  matches: [{{path: {{prefix: /buy}}}}]\n  forward: {{upstreams: [{{upstream: {0}}}]}}\n",
        site_->name());
    const absl::Status applied = site_->fleet().Apply(buy_route_);
    ASSERT_TRUE(applied.ok()) << applied;
  }
  void TearDown() override {
    if (!buy_route_.empty()) (void)site_->fleet().Yardctl({"delete", "-f", "-"}, buy_route_);
  }
  // One request on each route, each on a connection of its own, so that every worker gets some. Counts answers other than 200.
  void Both() {
    for (const char* path : {"/buy", "/look"}) {
      auto client = site_->Connect();
      const auto answer = client.Exchange(Get(path));
      ASSERT_TRUE(answer.ok()) << answer.status();
      failed_ += answer->status() == 200 ? 0 : 1;
      last_cause_ = answer->status() == 200 ? last_cause_ : std::string(answer->Header("x-switchyard-cause"));
    }
  }
  void Both(int times) {
    for (int i = 0; i < times; ++i) Both();
  }
  void Reset() {
    failed_ = 0;
    for (const auto& shop : shops_) shop->buys = shop->looks = 0;
  }
  // The route gets nothing but trials from its sick backend any more.
  bool Avoided() {
    Reset();
    Both(40);
    return shops_[0]->buys <= 2;
  }
  std::string Yardctl(const std::vector<std::string>& arguments) {
    const auto done = site_->fleet().Yardctl(arguments);
    return done.ok() ? done->out : done.status().ToString();
  }
  std::string Page(const std::string& path) { return site_->fleet().AdminGet(0, path).value_or(""); }

  std::vector<std::unique_ptr<Shop>> shops_;
  std::unique_ptr<Site> site_;
  std::string buy_route_;
  int failed_ = 0;
  std::string last_cause_;
};

TEST_F(RouteBreakers, ARouteAvoidsItsSickEndpointAndComesBackWhileTheOtherStays) {
  Open("balancer: ROUND_ROBIN\n  breaker: {open_timeout: 1s}", 3);
  Both(30);
  EXPECT_EQ(failed_, 0);
  shops_[0]->sick = true;
  ASSERT_TRUE(Eventually([&] { return Avoided(); }));
  EXPECT_GE(shops_[0]->looks, 5);
  EXPECT_LE(failed_, 2);
  // Told by name, with the reason; the backend's own breaker is not there.
  const std::string told = fmt::format("\"upstream\":\"{0}\",\"backend\":\"{1}\",\"route\":\"{0}-buy\"", site_->name(), shops_[0]->backend.address());
  EXPECT_TRUE(Eventually([&] { return Page("/status").find(told) != std::string::npos; })) << Page("/status");
  EXPECT_EQ(Page("/status").find(fmt::format("\"backend\":\"{}\",\"closed\"", shops_[0]->backend.address())), std::string::npos) << Page("/status");
  // The controller knows, too, and says whose and why.
  const std::string sick = shops_[0]->backend.address();
  const auto explain = [&] { return Yardctl({"explain", "backend", sick, "--upstream", site_->name()}); };
  const std::string says = fmt::format(", route {}-buy: ", site_->name());
  EXPECT_TRUE(Eventually([&] { return explain().find(says) != std::string::npos; })) << explain();
  const auto top = [&] { return Yardctl({"top", site_->name(), "--once", "-o", "json"}); };
  EXPECT_TRUE(Eventually([&] { return top().find(fmt::format("\"route\": \"{}-buy\"", site_->name())) != std::string::npos; })) << top();
  const std::string opened =
      fmt::format("switchyard_breaker_opened_total{{upstream=\"{}\",backend=\"{}\"}}", site_->name(), shops_[0]->backend.address());
  // It may have been soft so far, which is enough to keep most away.
  EXPECT_TRUE(Eventually([&] {
    Both(20);
    return Page("/metrics").find(opened) != std::string::npos;
  }));
  shops_[0]->sick = false;
  EXPECT_TRUE(Eventually([&] {
    Reset();
    Both(60);
    return shops_[0]->buys >= 10;
  }));
  EXPECT_EQ(failed_, 0);
  EXPECT_TRUE(Eventually([&] {
    Both(20);
    return Page("/status").find(site_->name() + "-buy\"") == std::string::npos;
  }));
  EXPECT_TRUE(Eventually([&] { return explain().find("breaker ") == std::string::npos; })) << explain();
}

TEST_F(RouteBreakers, WhereCountsDecideAloneBackendIsBarredForOneRouteOnly) {
  Open("breaker: {mode: COUNT, failure_threshold: 3, open_timeout: 60s}", 1);
  shops_[0]->sick = true;
  ASSERT_TRUE(Eventually([&] { return Avoided(); }));
  EXPECT_EQ(failed_, 40) << "every one on the route, none on the other";
  EXPECT_EQ(shops_[0]->looks, 40);
  EXPECT_EQ(last_cause_, "breaker_open");
}

}  // namespace
}  // namespace switchyard::integration
