// ReportBuilder: a window as the controller reads it.
//
// Backends without traffic, in-flight requests or connections are told too as long as they are probed, because their health is state.
// Thread-safety: pure function. Cost: linear in the window.
// Bounds: 20,000 backends; those with traffic come first, and what does not fit is counted in `dropped_backends`. 200 breakers, see TroubleIn; the rest
// is counted in `dropped_breakers`. 1,000 latencies of routes; beyond, those of the backend stand for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "agent/health/health_table.h"
#include "agent/report/window.h"
#include "common/base/clock.h"
#include "switchyard/v1/report.pb.h"

namespace switchyard::agent::report {

inline constexpr int kMaxReportedBackends = 20000;
inline constexpr std::size_t kMaxReportedBreakers = 200;
inline constexpr std::size_t kMaxReportedRoutes = 1'000;

// What is not in the window.
struct ReportFacts {
  std::uint64_t sequence = 0;
  WallTime end{};
  Duration length{};
  std::uint64_t resident_bytes = 0;
};

// (upstream, backend address, state) of each probed backend.
using HealthVisitor = std::function<void(const std::string&, const std::string&, health::HealthState)>;
// Calls the visitor for each probed backend.
using HealthFacts = std::function<void(const HealthVisitor&)>;

v1::Report BuildReport(const Window& window, const ReportFacts& facts, const HealthFacts& health);
v1::Health ToWire(health::HealthState state);

}  // namespace switchyard::agent::report
