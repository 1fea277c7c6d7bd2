// Goal: a request is sent again only where the protocol alone makes that safe.
// Method: a base case that may, and one change per row that makes it unsafe.
#include "agent/exchange/redispatch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace switchyard::agent::exchange {
namespace {

AttemptFacts Facts(Cause cause, std::string_view method = "GET") {
  AttemptFacts facts;
  facts.cause = cause;
  facts.method = method;
  facts.attempts = 1;
  return facts;
}

TEST(Redispatch, ConnectionThatNeverCameUpIsSafeForEveryMethodAndBody) {
  for (const Cause cause : {Cause::kConnectFailed, Cause::kConnectTimeout}) {
    for (const char* method : {"GET", "POST", "PATCH"}) {
      EXPECT_TRUE(MayRedispatch(Facts(cause, method))) << method;
    }
  }
}

TEST(Redispatch, ClosedConnectionIsSafeForIdempotentRequestsOnce) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    EXPECT_TRUE(MayRedispatch(Facts(Cause::kUpstreamClosed, method))) << method;
  }
  for (const char* method : {"POST", "PATCH", "LOCK", "get", ""}) {
    EXPECT_FALSE(MayRedispatch(Facts(Cause::kUpstreamClosed, method))) << method;
  }
  AttemptFacts again = Facts(Cause::kUpstreamClosed);
  again.sent_before = true;
  EXPECT_FALSE(MayRedispatch(again));
}

TEST(Redispatch, NothingIsSentAgainOnceBodyOrResponseMoved) {
  AttemptFacts body = Facts(Cause::kUpstreamClosed);
  body.body_touched = true;
  EXPECT_FALSE(MayRedispatch(body));
  for (const Cause cause : {Cause::kUpstreamClosed, Cause::kConnectFailed}) {
    AttemptFacts response = Facts(cause);
    response.response_started = true;
    EXPECT_FALSE(MayRedispatch(response));
  }
}

TEST(Redispatch, AttemptsAreBounded) {
  AttemptFacts facts = Facts(Cause::kConnectFailed);
  facts.attempts = kMaxAttempts - 1;
  EXPECT_TRUE(MayRedispatch(facts));
  facts.attempts = kMaxAttempts;
  EXPECT_FALSE(MayRedispatch(facts));
}

TEST(Redispatch, WhatABackendDidNotProcessIsSafeForEveryMethodButNotOnceBodyMoved) {
  for (const char* method : {"GET", "POST"}) EXPECT_TRUE(MayRedispatch(Facts(Cause::kUpstreamRefused, method))) << method;
  AttemptFacts body = Facts(Cause::kUpstreamRefused);
  body.body_touched = true;
  EXPECT_FALSE(MayRedispatch(body));
}

TEST(Redispatch, AResetStreamIsSafeForIdempotentMethodsOnly) {
  EXPECT_TRUE(MayRedispatch(Facts(Cause::kUpstreamReset, "PUT")));
  EXPECT_FALSE(MayRedispatch(Facts(Cause::kUpstreamReset, "POST")));
}

TEST(Redispatch, EveryOtherCauseIsFinal) {
  constexpr Cause kOthers[] = {Cause::kConnectFailed, Cause::kConnectTimeout, Cause::kUpstreamClosed, Cause::kUpstreamRefused, Cause::kUpstreamReset,
                                 Cause::kUpstreamTlsFailed, Cause::kUpstreamTlsUntrusted, Cause::kUpstreamTlsWrongName};

  for (const CauseInfo& info : AllCauses()) {
    if (std::find(std::begin(kOthers), std::end(kOthers), info.cause) != std::end(kOthers)) continue;
    EXPECT_FALSE(MayRedispatch(Facts(info.cause))) << info.name;
  }
}

}  // namespace
}  // namespace switchyard::agent::exchange
