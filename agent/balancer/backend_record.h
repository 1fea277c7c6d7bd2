// BackendRecord: what one worker has learnt about one backend. It belongs to the backend and outlives pickers.
//
// Thread-safety: one worker. Bounds: those of RouteBreakers.
#pragma once

#include <memory>

#include "agent/balancer/local_evidence.h"
#include "agent/balancer/slow_start.h"
#include "agent/breaker/breaker.h"
#include "agent/breaker/outlier.h"
#include "agent/breaker/route_breakers.h"

namespace switchyard::agent::balancer {

struct BackendRecord {
  LocalEvidence evidence;
  breaker::Breaker breaker;
  breaker::Outlier outlier;
  // Null: no route has trouble here.
  std::unique_ptr<breaker::RouteBreakers> routes;
  std::uint64_t routes_opened = 0;   // breakers of routes that went from closed to open, since the start
  std::uint64_t routes_refused = 0;  // failures of routes that there was no place for
  std::uint32_t in_flight = 0;
  bool known = false;     // a picker has had it before
  // At the last refresh.
  bool was_good = true;
  bool was_healthy = true;
  bool was_out = false;      // took nothing
  bool was_held = false;     // took a part of its share at most
  bool was_ejected = false;  // by the fleet
  SlowStart slow_start;   // as the last picker left it
};

}  // namespace switchyard::agent::balancer
