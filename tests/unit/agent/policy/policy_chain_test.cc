// Goal: policies meet a request in the order that policy_chain.cc states. Method: chains where two policies would each answer differently.
#include "agent/policy/policy_chain.h"

#include <gtest/gtest.h>

namespace switchyard::agent::policy {
namespace {

using Kind = PolicyChain::Verdict::Kind;
constexpr std::int64_t kSecond = 1'000'000'000;

rules::ValueTemplate Value(const std::string& text, rules::ValueTemplate::Use use = rules::ValueTemplate::Use::kHeader) {
  return *rules::ValueTemplate::Parse(text, use);
}

class PolicyChainTest : public testing::Test {
 protected:
  PolicyChainTest() {
    head_.method = "GET";
    head_.path = head_.path_and_query = "/a";
    head_.host = head_.authority = "h";
    facts_ = {.head = &head_, .client_ip = "192.0.2.1", .scheme = "http", .request_id = "id", .listener = "l", .route = "r"};
  }
  PolicyChain::Verdict Admit(std::int64_t now = kSecond) {
    chain_ = std::make_unique<PolicyChain>();
    chain_->Begin(policies_, facts_, "/");
    return chain_->Admit(now);
  }
  void MakePreflight() {
    head_.method = "OPTIONS";
    head_.headers = {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "GET"}};
  }
  void Deny() {
    policies_.access = std::make_unique<const Access>(std::vector<rules::Network>{},
                                                      std::vector<rules::Network>{*rules::Network::Parse("192.0.2.0/24")});
  }

  codec::RequestHead head_;
  Facts facts_;
  RoutePolicies policies_;
  std::unique_ptr<PolicyChain> chain_;
};

TEST_F(PolicyChainTest, ForwardsWithoutPolicies) { EXPECT_EQ(Admit().kind, Kind::kForward); }

TEST_F(PolicyChainTest, AccessComesBeforeEverything) {
  Deny();
  policies_.cors = std::make_unique<const Cors>(Cors::Options{{"*"}, "GET", "", "", "1", false});
  policies_.direct_response = std::make_unique<const DirectResponse>();
  MakePreflight();
  EXPECT_EQ(Admit().cause, Cause::kDenied);
}

TEST_F(PolicyChainTest, APreflightUsesNoBudget) {
  policies_.cors = std::make_unique<const Cors>(Cors::Options{{"*"}, "GET", "", "", "1", false});
  policies_.route_limiter = std::make_shared<RouteLimiter>(stats::Gcra::Of(1, kSecond, 1));
  MakePreflight();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Admit().status, 204);
  head_.method = "GET";
  EXPECT_EQ(Admit().kind, Kind::kForward);
  EXPECT_EQ(Admit().cause, Cause::kRateLimited);
}

TEST_F(PolicyChainTest, LimitsComeBeforeTheAction) {
  policies_.route_limiter = std::make_shared<RouteLimiter>(stats::Gcra::Of(1, kSecond, 1));
  policies_.direct_response = std::make_unique<const DirectResponse>(DirectResponse{.status = 200});
  EXPECT_EQ(Admit().status, 200);
  EXPECT_EQ(Admit().cause, Cause::kRateLimited);
}

TEST_F(PolicyChainTest, AClientOverItsShareTakesNothingFromTheRoute) {
  policies_.client_limiter = std::make_shared<ClientLimiter>(stats::Gcra::Of(1, kSecond, 1), 64, 1);
  policies_.route_limiter = std::make_shared<RouteLimiter>(stats::Gcra::Of(1, kSecond, 2));
  EXPECT_EQ(Admit().kind, Kind::kForward);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Admit().cause, Cause::kRateLimited);
  facts_.client_ip = "192.0.2.2";
  EXPECT_EQ(Admit().kind, Kind::kForward);
}

TEST_F(PolicyChainTest, ARedirectToItselfIsALoop) {
  policies_.redirect = std::make_unique<const Redirect>(Redirect{.scheme = "http"});
  EXPECT_EQ(Admit().cause, Cause::kLoopDetected);
}

TEST_F(PolicyChainTest, OwnErrorsGetPageHeadersAndRetryAfter) {
  policies_.route_limiter = std::make_shared<RouteLimiter>(stats::Gcra::Of(1, 5 * kSecond, 1));
  const auto body_template = Value("<p>%status% %cause% %request_id%", rules::ValueTemplate::Use::kPage);
  policies_.error_pages.Add(429, std::make_shared<ErrorPage>(ErrorPage{"text/html", body_template}));
  auto changes = std::make_unique<HeaderChanges>();
  changes->set.push_back({"X-Status", Value("%status%")});
  policies_.response_headers = std::move(changes);
  Admit();
  ASSERT_EQ(Admit().cause, Cause::kRateLimited);
  std::vector<codec::Header> headers = {{"Content-Type", "text/plain"}};
  std::string body = "plain";
  chain_->ShapeOwnResponse(429, Cause::kRateLimited, headers, body);
  EXPECT_EQ(body, "<p>429 rate_limited id");
  EXPECT_EQ(FindHeader(headers, "content-type"), "text/html");
  EXPECT_EQ(FindHeader(headers, "retry-after"), "5");
  EXPECT_EQ(FindHeader(headers, "x-status"), "429");
}

TEST_F(PolicyChainTest, HandWrittenHeadersStandAbovePresets) {
  auto security = std::make_unique<SecurityHeaders>();
  security->always = {{"X-Frame-Options", "DENY"}};
  policies_.security_headers = std::move(security);
  auto changes = std::make_unique<HeaderChanges>();
  changes->remove = {"x-frame-options"};
  policies_.response_headers = std::move(changes);
  Admit();
  std::vector<codec::Header> headers;
  ResponseShape shape{200, codec::Framing::kLength, 10};
  chain_->ShapeResponse(shape, headers);
  EXPECT_TRUE(headers.empty());
}

TEST_F(PolicyChainTest, ShapesEachAttemptAnew) {
  auto rewrite = std::make_unique<Rewrite>();
  rewrite->path_change = PathChange::kPrefix;
  rewrite->path = "/v2";
  rewrite->host = "inner";
  policies_.rewrite = std::move(rewrite);
  auto changes = std::make_unique<HeaderChanges>();
  changes->set.push_back({"X-To", Value("%backend%")});
  policies_.request_headers = std::move(changes);
  EXPECT_EQ(Admit().kind, Kind::kForward);
  for (const std::string_view backend : {"one", "two"}) {
    std::vector<codec::Header> headers = {{"Host", "h", codec::FieldId::kHost}};
    std::string_view path = head_.path_and_query;
    chain_->ShapeRequest("u", backend, path, headers);
    EXPECT_EQ(path, "/v2/a");
    EXPECT_EQ(FindHeader(headers, "host"), "inner");
    EXPECT_EQ(FindHeader(headers, "x-to"), backend);
    EXPECT_EQ(headers.size(), 2U);
  }
}

TEST_F(PolicyChainTest, MirrorsAShareOfWhatFits) {
  policies_.mirror = std::make_unique<const Mirror>(500'000, 100);
  Admit();
  EXPECT_TRUE(chain_->Mirrors(499'999, false, 0));
  EXPECT_FALSE(chain_->Mirrors(500'000, false, 0));
  EXPECT_TRUE(chain_->Mirrors(0, true, 100));
  EXPECT_FALSE(chain_->Mirrors(0, true, 101));
}

TEST_F(PolicyChainTest, FlushesEventStreamsOnly) {
  policies_.compression =
      std::make_unique<const Compression>(Compression::Options{{Coding::kGzip}, {"text/*"}, 0, 10});
  head_.headers = {{"Accept-Encoding", "gzip"}};
  for (const auto& [type, flushes] : std::vector<std::pair<std::string_view, bool>>{{"text/event-stream; charset=utf-8", true}, {"text/html", false}}) {
    Admit();
    std::vector<codec::Header> headers = {{"Content-Type", type}};
    ResponseShape shape{200, codec::Framing::kChunked, 0};
    chain_->ShapeResponse(shape, headers);
    EXPECT_NE(chain_->encoder(), nullptr);
    EXPECT_EQ(chain_->flushes(), flushes) << type;
  }
}

}  // namespace
}  // namespace switchyard::agent::policy
