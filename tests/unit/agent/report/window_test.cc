// Two windows with every kind of figure are merged, and each figure of the sum is looked at.
#include "agent/report/window.h"

#include <gtest/gtest.h>

#include "agent/report/trouble.h"

namespace switchyard::agent::report {
namespace {

Window Sample(std::uint64_t n) {
  Window window;
  BackendWindow& backend = window.backends["web"]["10.0.0.1:80"];
  backend.succeeded = n;
  backend.server_errors = 1;
  backend.failures[CauseIndex(Cause::kConnectFailed)] = 2;
  backend.response_bytes = 100 * n;
  backend.in_flight = 3;
  backend.connections = 4;
  backend.latency.RecordN(1000, n);
  ListenerWindow& listener = window.listeners["edge"];
  listener.by_class[1] = n;
  listener.causes[CauseIndex(Cause::kNoRoute)] = 1;
  listener.duration.RecordN(2000, n);
  listener.open_connections = 5;
  return window;
}

TEST(Window, AddsCountsAndGaugesOfAllWorkers) {
  Window sum = Sample(10);
  sum.Merge(Sample(7));
  const BackendWindow& backend = sum.backends["web"]["10.0.0.1:80"];
  EXPECT_EQ(backend.succeeded, 17U);
  EXPECT_EQ(backend.server_errors, 2U);
  EXPECT_EQ(backend.failures[CauseIndex(Cause::kConnectFailed)], 4U);
  EXPECT_EQ(backend.response_bytes, 1700U);
  EXPECT_EQ(backend.in_flight, 6U);
  EXPECT_EQ(backend.connections, 8U);
  EXPECT_EQ(backend.latency.count(), 17U);
  const ListenerWindow& listener = sum.listeners["edge"];
  EXPECT_EQ(listener.by_class[1], 17U);
  EXPECT_EQ(listener.causes[CauseIndex(Cause::kNoRoute)], 2U);
  EXPECT_EQ(listener.duration.count(), 17U);
  EXPECT_EQ(listener.open_connections, 10U);
}

// Of a worker where the route's breaker is in `state`.
Window RouteTroubleSample(std::size_t state, const std::string& reason) {
  Window window;
  BackendWindow& backend = window.backends["web"]["10.0.0.1:80"];
  backend.breakers[0] = 1;
  backend.routes_refused = 2;
  backend.routes["buy"].breakers[state] = 1;
  backend.routes["buy"].reason = reason;
  return window;
}

TEST(Window, BreakersOfRoutesAreToldBesideThoseOfTheirBackends) {
  Window sum = RouteTroubleSample(2, "error_rate");
  sum.Merge(RouteTroubleSample(3, "slow_calls"));
  sum.Merge(Sample(1));
  EXPECT_EQ(sum.backends["web"]["10.0.0.1:80"].routes_refused, 4U);
  std::vector<BackendTrouble> trouble = TroubleIn(sum).rows;
  ASSERT_EQ(trouble.size(), 1U) << "the backend's own breakers are closed";
  EXPECT_EQ(trouble[0].route, "buy");
  EXPECT_EQ(trouble[0].breakers, (std::array<std::uint32_t, 4>{0, 0, 1, 1}));
  EXPECT_EQ(trouble[0].reason, "error_rate");
  sum.backends["web"]["10.0.0.1:80"].breakers[2] = 1;
  trouble = TroubleIn(sum).rows;
  ASSERT_EQ(trouble.size(), 2U);
  EXPECT_EQ(trouble[0].route, "");
  EXPECT_EQ(trouble[1].route, "buy");
}

TEST(Window, WhatIsOpenOrOutGoesBeforeWhatIsSoftWhereThereIsNoRoom) {
  Window window;
  for (const char* address : {"a", "b", "c", "d"}) window.backends["web"][address].breakers[1] = 1;
  window.backends["web"]["c"].breakers[2] = 1;
  window.backends["web"]["d"].ejected = 1;
  const Troubles all = TroubleIn(window, 4);
  EXPECT_EQ(all.rows.size(), 4U);
  EXPECT_EQ(all.left_out, 0U);
  const Troubles few = TroubleIn(window, 3);
  ASSERT_EQ(few.rows.size(), 3U);
  EXPECT_EQ(few.left_out, 1U);
  EXPECT_EQ(few.rows[0].address, "a");
  EXPECT_EQ(few.rows[1].address, "c");
  EXPECT_EQ(few.rows[2].address, "d");
}

TEST(Window, TakesUpWhatItDidNotKnow) {
  Window sum;
  sum.Merge(Sample(1));
  Window other;
  other.backends["api"]["10.0.0.2:80"].succeeded = 9;
  sum.Merge(other);
  EXPECT_EQ(sum.backends["web"]["10.0.0.1:80"].succeeded, 1U);
  EXPECT_EQ(sum.backends["api"]["10.0.0.2:80"].succeeded, 9U);
  EXPECT_EQ(sum.listeners.size(), 1U);
}

}  // namespace
}  // namespace switchyard::agent::report
