// FleetService.Series: golden signals over time, from the history ring.
//
// The finest tier that reaches back so far is read; what is more than was asked for is folded (see history/point.h). Points that are missing
// (controller down) are absent, never zero.
// Thread-safety: any thread. Cost: a read of the points: 600, 2160 or 10080 rows. Errors: INVALID_ARGUMENT (of, last, max_points), the ring's.
#pragma once

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/history/ring.h"
#include "switchyard/v1/series.pb.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::SeriesResponse> HandleSeries(const history::Ring& ring, const Clock& clock, const v1::SeriesRequest& request);

}  // namespace switchyard::controlplane::admin
