// A Summary as JSON for programs and as a table for people.
//
// JSON: {"started_unix_ms", "measured_s", "requests", "failed", "responses", "rps", "by_status": {"200": n}, "errors": {"connect": n, ...},
// "resent", "failovers", "connections_opened", "bytes_received", "latency_ms": {"mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max"},
// "header_values": {value: n}, "timeline": {"slot_ms": 100, "slots": [[requests, failed], ...]}}. Absent parts were not asked for.
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "tools/yard-load/plan.h"
#include "tools/yard-load/runner.h"

namespace switchyard::tools::load {

std::string ToJson(const Plan& plan, const Summary& summary);
std::string ToTable(const Plan& plan, const Summary& summary);

}  // namespace switchyard::tools::load
