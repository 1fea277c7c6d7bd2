// Two windows with every kind of figure are merged, and each figure of the sum is looked at.
#include "agent/report/window.h"

#include <gtest/gtest.h>

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
