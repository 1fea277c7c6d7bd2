// Endpoints: the EndpointSlices of one Service -> the backends of an upstream.
//
// - A port by name is the slice's port of that name (slices may map it to different numbers), by number the port that endpoints listen on; none: the
//   only TCP port there is.
// - `ready` is ACTIVE. Not ready, but `serving` and `terminating`, is DRAINING. Anything else is left out. While no endpoint at all is ready, those that
//   terminate and still serve are ACTIVE: better than nobody, as kube-proxy has it (KEP-1669).
// - An endpoint that moves from slice to slice may stand in both; the better word counts. A pod with addresses of both families is one backend, by IPv4.
// - Zones that are longer than a backend's may be are left out.
// Thread-safety: pure. Cost: O(n log n) in endpoints. Bounds: kMaxDiscovered backends, the first in order of address.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controlplane/kubernetes/endpoint_slice.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::controlplane::kubernetes {

struct Endpoints {
  // Sorted by address.
  std::vector<v1::Backend> backends;
  // Why there are fewer than there could be, for the operator; empty: all is well.
  std::string problem;
};

// Slices by name.
using Slices = std::map<std::string, EndpointSlice>;

Endpoints EndpointsOf(const Slices& slices, const std::string& port);

}  // namespace switchyard::controlplane::kubernetes
