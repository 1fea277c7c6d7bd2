#include "controlplane/fleet/terms.h"

#include "common/config/limits.h"

namespace switchyard::controlplane::fleet {

UpstreamTerms TermsOf(const v1::Upstream& upstream) {
  UpstreamTerms out;
  out.verdicts = config::FleetVerdictsOn(upstream.fleet());
  out.slow_verdicts = out.verdicts && config::FleetSlowVerdictsOn(upstream.fleet());
  out.weights = config::FleetWeightsOn(upstream.fleet());
  // What the controller has found itself is in the catalog.
  out.discovered = upstream.has_discovery() && !upstream.discovery().has_kubernetes();
  out.wants_in_flight = config::BalancerOf(upstream) == v1::BALANCER_ADAPTIVE;
  out.concurrency = config::FleetConcurrency(upstream.fleet());
  // Agents that find backends themselves choose among them themselves.
  if (!out.discovered) out.subset_size = config::FleetSubsetSize(upstream.fleet());
  out.most_ejected = config::MaxEjectedPercent(upstream.outlier()) / 100.0;
  // Each agent may find other backends, so nobody can be told which to probe.
  if (upstream.has_health_check() && !out.discovered) out.probed_by = config::ProbesSharedBy(upstream.health_check());
  for (const v1::Backend& backend : upstream.backends()) {
    const bool disabled = backend.state() == v1::BACKEND_STATE_DISABLED || backend.state() == v1::BACKEND_STATE_DRAINING;
    out.backends.push_back({backend.address(), config::Weight(backend), !disabled, backend.priority(), backend.zone()});
  }
  return out;
}

}  // namespace switchyard::controlplane::fleet
