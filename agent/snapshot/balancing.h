// How the backends of an upstream are picked, from its proto: plan, breakers, outlier detection, hash key, sessions, retries, bulkheads.
//
// Thread-safety: pure. Cost: that of balancer::MakePlan.
#pragma once

#include <string_view>

#include "agent/upstream/upstream_config.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::agent::snapshot {

// Fills `picking`, `hash_sources`, `sticky`, `sessions`, `retry` and the bulkheads, whose caps are divided by `workers`.
// REQUIRES: `out.backends` are those of `proto`, in order. `zone`: the agent's.
void FillBalancing(const v1::Upstream& proto, std::string_view zone, unsigned workers, upstream::UpstreamConfig& out);

}  // namespace switchyard::agent::snapshot
