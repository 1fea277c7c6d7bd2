// Goal: a policy repeats what it names, and never what cannot be repeated. Method: failed attempts that differ in one fact.
#include "agent/exchange/retry.h"

#include <gtest/gtest.h>

#include <chrono>

namespace switchyard::agent::exchange {
namespace {

using std::chrono::milliseconds;
using upstream::RetryPolicy;

RetryPolicy All() {
  RetryPolicy policy;
  policy.conditions = 0xFF;
  return policy;
}

FailedAttempt Failed(Cause cause, std::uint16_t status = 0, std::string_view method = "GET") { return {cause, status, method, 1, true, false, false}; }

TEST(Retry, EachConditionMeetsItsFailures) {
  const std::pair<RetryPolicy::Condition, FailedAttempt> cases[] = {
      {RetryPolicy::kConnectFailure, Failed(Cause::kConnectFailed)},     {RetryPolicy::kConnectFailure, Failed(Cause::kConnectTimeout)},
      {RetryPolicy::kConnectFailure, Failed(Cause::kUpstreamTlsFailed)}, {RetryPolicy::kRefusedStream, Failed(Cause::kUpstreamRefused)},
      {RetryPolicy::kReset, Failed(Cause::kUpstreamClosed)},             {RetryPolicy::kReset, Failed(Cause::kUpstreamReset)},
      {RetryPolicy::kReset, Failed(Cause::kBadResponse)},                {RetryPolicy::kGatewayError, Failed(Cause::kNone, 503)},
      {RetryPolicy::kServerError, Failed(Cause::kNone, 500)},            {RetryPolicy::kAttemptTimeout, Failed(Cause::kAttemptTimeout)}};
  for (const auto& [condition, failed] : cases) {
    RetryPolicy policy;
    policy.conditions = condition;
    EXPECT_TRUE(PolicyAllows(policy, failed)) << Describe(failed.cause).name << failed.status;
    policy.conditions = static_cast<std::uint8_t>(~condition & ~RetryPolicy::kServerError);
    EXPECT_FALSE(PolicyAllows(policy, failed)) << Describe(failed.cause).name << failed.status;
  }
}

TEST(Retry, WhatWentOutToTheClientOrCameFromItEndsIt) {
  FailedAttempt failed = Failed(Cause::kConnectFailed);
  failed.response_started = true;
  EXPECT_FALSE(PolicyAllows(All(), failed));
  failed = Failed(Cause::kConnectFailed);
  failed.body_touched = true;
  EXPECT_FALSE(PolicyAllows(All(), failed));
  failed = Failed(Cause::kConnectFailed);
  failed.attempts = 3;
  EXPECT_FALSE(PolicyAllows(All(), failed));
}

TEST(Retry, MethodsThatAreNotIdempotentOnlyWhenNothingWasDoneOrOnRequest) {
  EXPECT_TRUE(PolicyAllows(All(), Failed(Cause::kConnectFailed, 0, "POST")));
  EXPECT_TRUE(PolicyAllows(All(), Failed(Cause::kUpstreamRefused, 0, "POST")));
  EXPECT_FALSE(PolicyAllows(All(), Failed(Cause::kUpstreamClosed, 0, "POST")));
  EXPECT_FALSE(PolicyAllows(All(), Failed(Cause::kNone, 503, "PATCH")));
  RetryPolicy policy = All();
  policy.non_idempotent = true;
  EXPECT_TRUE(PolicyAllows(policy, Failed(Cause::kNone, 503, "PATCH")));
  FailedAttempt queued = Failed(Cause::kAttemptTimeout, 0, "POST");
  EXPECT_FALSE(PolicyAllows(All(), queued));
  queued.sent = false;
  EXPECT_TRUE(PolicyAllows(All(), queued)) << "its time ran out in the queue of the pool";
}

TEST(Retry, OurOwnRefusalsAndTheClientsFaultsAreFinal) {
  for (const Cause cause : {Cause::kClientGone, Cause::kPoolExhausted, Cause::kResponseTimeout, Cause::kBreakerOpen}) {
    EXPECT_FALSE(PolicyAllows(All(), Failed(cause))) << Describe(cause).name;
  }
}

TEST(Retry, BackoffGrowsUpToItsBound) {
  RetryPolicy policy;
  policy.base_backoff = milliseconds(25);
  policy.max_backoff = milliseconds(250);
  Random random(1);
  Duration longest{};
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_LE(BackoffOf(policy, 1, random), milliseconds(25));
    EXPECT_LE(BackoffOf(policy, 2, random), milliseconds(50));
    longest = std::max(longest, BackoffOf(policy, 30, random));
  }
  EXPECT_LE(longest, milliseconds(250));
  EXPECT_GT(longest, milliseconds(200));
}

}  // namespace
}  // namespace switchyard::agent::exchange
