// How the backends of an upstream are picked, from its proto: plan, hash key, sessions.
//
// Thread-safety: pure. Cost: that of balancer::MakePlan.
#pragma once

#include <string_view>

#include "agent/upstream/upstream_config.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::agent::snapshot {

// Fills `plan`, `hash_sources`, `sticky` and `sessions`. REQUIRES: `out.backends` are those of `proto`, in order. `zone`: the agent's.
void FillBalancing(const v1::Upstream& proto, std::string_view zone, upstream::UpstreamConfig& out);

}  // namespace switchyard::agent::snapshot
