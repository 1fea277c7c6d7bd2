// Goal: balancers, breakers and retries do in the running agent what upstream.proto says. Method: backends that fail, stall or refuse in a
// scripted way; the client's answers and the backends' own counts are checked.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>

#include "tests/harness/deadline.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::HttpMessage;
using harness::RawBackend;

// Answers everything with this status and counts.
RawBackend::Handler Always(int status, std::atomic<int>& count) {
  return [status, &count](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      ++count;
      const std::string body = std::to_string(status);
      if (!connection.Write(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body)).ok()) return;
    }
  };
}

// Reads requests and says nothing.
void Silent(BackendConnection& connection) {
  while (connection.ReadRequest().ok()) {
  }
}

int StatusOf(const Site& site, const std::string& request = Get("/")) {
  auto client = site.Connect();
  const auto answer = client.Exchange(request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? answer->status() : 0;
}

std::string CauseOf(const Site& site) {
  auto client = site.Connect();
  const auto answer = client.Exchange(Get("/"));
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? std::string(answer->Header("x-switchyard-cause")) : "";
}

constexpr const char* kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

TEST(Resilience, AnAgentInFrontOfABackendTellsWhatAllTogetherDoToIt) {
  std::atomic<int> held{0};
  std::atomic<bool> go{false};
  RawBackend backend([&](BackendConnection& connection) {
    while (true) {
      const auto request = connection.ReadRequest();
      if (!request.ok()) return;
      const bool slow = request->start_line.find("/slow") != std::string::npos;
      if (slow) {
        ++held;
        if (!harness::Eventually([&] { return go.load(); })) return;
      }
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()) return;
    }
  });
  const Site site({.http = "{tell_load: true}", .upstream_line = "fleet: {concurrency: 10}", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  std::vector<harness::RawHttpClient> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(site.Connect());
    ASSERT_TRUE(waiting.back().Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").ok());
  }
  ASSERT_TRUE(harness::Eventually([&] { return held == 4; }));
  auto client = site.Connect();
  const auto answer = client.Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::string told(answer->Header("endpoint-load-metrics"));
  EXPECT_NE(told.find("named_metrics.in_flight=5"), std::string::npos) << told;
  EXPECT_NE(told.find("application_utilization=0.500"), std::string::npos) << told;
  go = true;
}

TEST(Resilience, ABackendThatTellsItsLoadItselfIsNotOverruled) {
  RawBackend backend([](BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nendpoint-load-metrics: TEXT named_metrics.in_flight=77\r\n\r\n").ok()) return;
    }
  });
  const Site site({.http = "{tell_load: true}", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  auto client = site.Connect();
  const auto answer = client.Exchange(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->Header("endpoint-load-metrics"), "TEXT named_metrics.in_flight=77");
}

TEST(Resilience, AGatewayErrorIsTriedAgainElsewhere) {
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  RawBackend first(Always(503, bad));
  RawBackend second(Always(200, good));
  // Each worker has its share of the budget: with all of it no retry is refused.
  const Site site({.upstream_line = "retry: {budget_percent: 100}\n  breaker: {mode: OFF}\n  balancer: ROUND_ROBIN",
                   .backends = {first.address(), second.address()}});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(StatusOf(site), 200);
  EXPECT_GE(bad, 1);
  EXPECT_EQ(good, 12);
}

TEST(Resilience, AnEmptyStreamedBodyIsTriedAgainElsewhere) {
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  RawBackend first(Always(503, bad));
  RawBackend second(Always(200, good));
  const Site site({.upstream_line = "retry: {budget_percent: 100}\n  breaker: {mode: OFF}\n  balancer: ROUND_ROBIN",
                   .backends = {first.address(), second.address()}});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(StatusOf(site, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 200);
  EXPECT_GE(bad, 1);
  EXPECT_EQ(good, 12);
}

TEST(Resilience, WhatIsNotIdempotentIsNotSentAgainUnlessAsked) {
  std::atomic<int> bad{0};
  RawBackend backend(Always(503, bad));
  {
    const Site site({.upstream_line = "retry: {}\n  breaker: {mode: OFF}", .backends = {backend.address()}});
    EXPECT_EQ(StatusOf(site, kPost), 503);
    EXPECT_EQ(bad, 1);
  }
  const Site site({.upstream_line = "retry: {non_idempotent: true, max_attempts: 4}\n  breaker: {mode: OFF}", .backends = {backend.address()}});
  EXPECT_EQ(StatusOf(site, kPost), 503);
  EXPECT_EQ(bad, 5);
}

TEST(Resilience, OnlyTheConditionsAskedForAreTriedAgain) {
  std::atomic<int> bad{0};
  RawBackend backend(Always(500, bad));
  {
    const Site site({.upstream_line = "retry: {}", .backends = {backend.address()}});
    EXPECT_EQ(StatusOf(site), 500);
    EXPECT_EQ(bad, 1);
  }
  const Site site({.upstream_line = "retry: {on: [SERVER_ERROR], max_attempts: 2}", .backends = {backend.address()}});
  EXPECT_EQ(StatusOf(site), 500);
  EXPECT_EQ(bad, 3);
}

TEST(Resilience, AnEmptyBudgetLetsTheFailureStand) {
  std::atomic<int> bad{0};
  RawBackend backend(Always(503, bad));
  const Site site({.upstream_line = "retry: {budget_percent: 0, min_per_second: 0}", .backends = {backend.address()}});
  EXPECT_EQ(StatusOf(site), 503);
  EXPECT_EQ(bad, 1);
}

TEST(Resilience, ASilentAttemptIsGivenUpAndMadeElsewhere) {
  std::atomic<int> good{0};
  RawBackend first(Silent);
  RawBackend second(Always(200, good));
  const Site site({.upstream_line = "retry: {on: [ATTEMPT_TIMEOUT], per_try_timeout: 150ms}\n  balancer: ROUND_ROBIN",
                   .backends = {first.address(), second.address()}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(StatusOf(site), 200);
}

TEST(Resilience, AttemptsThatAllTimeOutSayWhy) {
  RawBackend backend(Silent);
  const Site site({.upstream_line = "retry: {on: [ATTEMPT_TIMEOUT], per_try_timeout: 50ms, max_attempts: 2}", .backends = {backend.address()}});
  EXPECT_EQ(CauseOf(site), "attempt_timeout");
}

TEST(Resilience, AForcedBreakerStopsEverything) {
  std::atomic<int> good{0};
  RawBackend backend(Always(200, good));
  const Site site({.upstream_line = "breaker: {force: OPEN}", .backends = {backend.address()}});
  EXPECT_EQ(CauseOf(site), "breaker_open");
  EXPECT_EQ(good, 0);
}

TEST(Resilience, ACountingBreakerOpensAtItsThreshold) {
  std::atomic<int> bad{0};
  RawBackend backend(Always(500, bad));
  const Site site({.upstream_line = "breaker: {mode: COUNT, failure_threshold: 3}", .backends = {backend.address()}});
  // Two workers, each with a breaker of its own.
  int refused = 0;
  for (int i = 0; i < 40; ++i) refused += StatusOf(site) == 503 ? 1 : 0;
  EXPECT_LE(bad, 6);
  EXPECT_EQ(bad + refused, 40);
}

TEST(Resilience, EvidenceLeavesAFailingBackendButNeverTheLast) {
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  RawBackend first(Always(500, bad));
  RawBackend second(Always(200, good));
  const Site two({.upstream_line = "balancer: ROUND_ROBIN", .backends = {first.address(), second.address()}});
  for (int i = 0; i < 200; ++i) StatusOf(two);
  EXPECT_LE(bad, 60) << "round robin alone would have sent 100";
  EXPECT_GE(bad, 6);
  const int before = bad;
  const Site one({.backends = {first.address()}});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(StatusOf(one), 500);
  EXPECT_EQ(bad - before, 50);
}

TEST(Resilience, OutlierDetectionEjects) {
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  RawBackend first(Always(500, bad));
  RawBackend second(Always(200, good));
  const Site site({.upstream_line = "balancer: ROUND_ROBIN\n  breaker: {mode: OFF}\n  outlier: {consecutive_failures: 3, base_ejection: 1m}",
                   .backends = {first.address(), second.address()}});
  for (int i = 0; i < 100; ++i) StatusOf(site);
  EXPECT_LE(bad, 6) << "three on each of two workers";
}

TEST(Resilience, ASessionStaysWithItsBackend) {
  RawBackend first(RawBackend::Answering("first"));
  RawBackend second(RawBackend::Answering("second"));
  const Site site({.upstream_line = "sticky: {cookie: home, ttl: 1h}\n  balancer: RANDOM", .backends = {first.address(), second.address()}});
  auto client = site.Connect();
  const auto hello = client.Exchange(Get("/"));
  ASSERT_TRUE(hello.ok()) << hello.status();
  const std::string set(hello->Header("set-cookie"));
  EXPECT_TRUE(set.starts_with("home=") && set.find("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax") != std::string::npos) << set;
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nCookie: x=y; " + set.substr(0, set.find(';')) + "\r\n\r\n";
  for (int i = 0; i < 20; ++i) {
    auto other = site.Connect();
    const auto answer = other.Exchange(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->Header("x-backend"), hello->Header("x-backend"));
    EXPECT_EQ(answer->CountHeader("set-cookie"), 0U);
  }
}

TEST(Resilience, AKeyStaysWithItsBackend) {
  std::vector<std::unique_ptr<RawBackend>> backends;
  SiteOptions options;
  options.upstream_line = "balancer: MAGLEV\n  hash: {sources: [{header: x-user}]}";
  for (int i = 0; i < 5; ++i) {
    backends.push_back(std::make_unique<RawBackend>(RawBackend::Answering(std::to_string(i))));
    options.backends.push_back(backends.back()->address());
  }
  const Site site(options);
  std::set<std::string> used;
  for (int user = 0; user < 12; ++user) {
    std::set<std::string> own;
    for (int i = 0; i < 4; ++i) {
      auto client = site.Connect();
      const auto answer = client.Exchange(fmt::format("GET / HTTP/1.1\r\nHost: a\r\nX-User: u{}\r\n\r\n", user));
      ASSERT_TRUE(answer.ok()) << answer.status();
      own.insert(std::string(answer->Header("x-backend")));
    }
    EXPECT_EQ(own.size(), 1U) << user;
    used.merge(own);
  }
  EXPECT_GE(used.size(), 2U);
}

}  // namespace
}  // namespace switchyard::integration
