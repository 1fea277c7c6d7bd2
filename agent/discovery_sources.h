// DiscoverySources: the kind of source that the terms of an upstream's discovery ask for.
//
// Thread-safety: control loop thread only. Errors: null where the terms are beyond this host (one log line says why) or this version; the
// upstream then has no backends.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/discovery/source.h"
#include "agent/loop/control_loop.h"
#include "common/observe/log.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::agent {

// `seed`: for what is varied so that agents do not fall into step.
std::unique_ptr<discovery::Source> MakeDiscoverySource(const v1::Discovery& terms, discovery::Found found, loop::ControlLoop& loop,
                                                       std::uint64_t seed, observe::Log& log);

}  // namespace switchyard::agent
