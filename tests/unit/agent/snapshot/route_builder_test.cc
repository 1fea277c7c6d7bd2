// Goal: what a route compiles to is kept while it does not change, limiters even longer; what cannot be built is quarantined by field.
// Method: snapshots in a row, compared by pointer.
#include "agent/snapshot/route_builder.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace switchyard::agent::snapshot {
namespace {

class RouteBuilderTest : public testing::Test {
 protected:
  std::shared_ptr<const router::Route> Build(const std::string& text) {
    v1::Resource resource;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("name: 'r' route { forward { upstreams { upstream: 'u' } } " + text + " }", &resource));
    violations_.clear();
    return builder_.Build({&resource}, {{"u", 0}, {"m", 1}}, violations_)[0];
  }
  RouteBuilder builder_;
  std::vector<v1::Violation> violations_;
};

TEST_F(RouteBuilderTest, ARouteWithoutPoliciesHasNone) {
  const auto route = Build("matches { path { regex: '/a.*' } }");
  EXPECT_EQ(route->policies, nullptr);
  EXPECT_FALSE(route->quarantined);
  EXPECT_EQ(route->request_timeout, Duration::zero());
}

TEST_F(RouteBuilderTest, KeepsWhatDidNotChange) {
  const std::string text = "matches { path { regex: '/a.*' } } rate_limit { requests: 5 } compression {}";
  const auto first = Build(text);
  const auto second = Build(text);
  EXPECT_EQ(first->policies, second->policies);
  EXPECT_EQ(first->matches[0].regex, second->matches[0].regex);
}

TEST_F(RouteBuilderTest, LimitersOutliveChangesOfTheRest) {
  const auto first = Build("rate_limit { requests: 5 } client_rate_limit { requests: 5 }");
  const auto second = Build("rate_limit { requests: 5 } client_rate_limit { requests: 6 } cors { allow_origins: '*' }");
  EXPECT_NE(first->policies, second->policies);
  EXPECT_EQ(first->policies->route_limiter, second->policies->route_limiter);
  EXPECT_NE(first->policies->client_limiter, second->policies->client_limiter);
  EXPECT_EQ(Build("cors { allow_origins: '*' }")->policies->route_limiter, nullptr);
}

TEST_F(RouteBuilderTest, ServesTheLastGoodVersion) {
  const auto good = Build("rate_limit { requests: 5 }");
  const auto kept = Build("matches { path { regex: '(' } } rate_limit { requests: 7 }");
  ASSERT_EQ(violations_.size(), 1U);
  EXPECT_EQ(violations_[0].field(), "spec.matches[0].path.regex");
  EXPECT_EQ(kept->policies, good->policies);
  EXPECT_TRUE(kept->matches.empty());
  EXPECT_FALSE(kept->quarantined);
}

TEST_F(RouteBuilderTest, QuarantinesWhatNeverWasGood) {
  EXPECT_TRUE(Build("access { deny: '10.0.0.1/8' }")->quarantined);
  EXPECT_EQ(violations_[0].field(), "spec.access.deny[0]");
  EXPECT_FALSE(Build("access { deny: '10.0.0.0/8' }")->quarantined);
}

TEST_F(RouteBuilderTest, RefusesOnlyWhatItWouldHaveTaken) {
  const auto route = Build("hosts: 'api.example.com' matches { path { prefix: '/v1' } } matches { path { regex: '(' } } access { deny: '10.0.0.1/8' }");
  EXPECT_TRUE(route->quarantined);
  ASSERT_EQ(route->hosts.size(), 1U);
  EXPECT_EQ(route->hosts[0], "api.example.com");
  ASSERT_EQ(route->matches.size(), 1U) << "the other one is not understood";
  EXPECT_EQ(route->matches[0].path, "/v1");
}

TEST_F(RouteBuilderTest, QuarantinesAnActionThatItDoesNotKnow) {
  v1::Resource resource;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("name: 'r' route { hosts: 'a' }", &resource));
  EXPECT_TRUE(builder_.Build({&resource}, {}, violations_)[0]->quarantined);
}

TEST_F(RouteBuilderTest, AMirrorWithoutItsUpstreamIsNotSent) {
  EXPECT_TRUE(Build("mirror { upstream: 'm' }")->mirrors);
  EXPECT_FALSE(Build("mirror { upstream: 'gone' }")->mirrors);
}

}  // namespace
}  // namespace switchyard::agent::snapshot
