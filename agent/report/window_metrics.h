// WindowMetrics: the windows of the data path, added up into the program's metrics.
//
// The same windows that make reports make metrics, so the two never disagree. Counters grow; gauges are those of the newest window, and an
// upstream or listener that it does not name any more loses its gauges.
// Latencies go from the exponential histogram (scale 4) into the fixed buckets of metric_names.h: a bucket of the former is counted by its
// upper end, so that a quantile is never shown better than it is.
//
// Thread-safety: one owner; the Metrics may be shared. Cost: linear in the window. Bounds: the caps of the metrics.
#pragma once

#include "agent/report/window.h"
#include "common/observe/metrics.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::report {

// `metrics` += `window`.
void AddToMetrics(const Window& window, observe::Metrics& metrics);

// Forgets the series of listeners, routes, upstreams and backends that are in `before` and not in `now`, so that a fleet which changes for months
// does not fill the caps with what is long gone. A request that still ends on one of them brings its series back.
void ForgetGone(const v1::Snapshot& before, const v1::Snapshot& now, observe::Metrics& metrics);

}  // namespace switchyard::agent::report
