// Attention: what needs a person, from facts. Pure.
//
// Thread-safety: a value. Bounds: kMaxAttention items are kept, the worst; all are counted.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "controlplane/history/recorder.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/store/catalog.h"
#include "controlplane/stream/convergence.h"
#include "switchyard/v1/series.pb.h"

namespace switchyard::controlplane::admin {

inline constexpr std::size_t kMaxAttention = 100;

class AttentionList {
 public:
  void AddUpstreams(const history::Moment& moment);
  // Backends that the evidence of the fleet, or a person, has taken out or holds in: an upstream each.
  void AddVerdicts(const v1::WeightsResponse& weights);
  void AddAgents(const std::vector<stream::AgentRecord>& agents, std::uint64_t generation, TimePoint now, WallTime wall);
  void AddCertificates(const store::Catalog& catalog, WallTime ca_not_after, WallTime wall);
  void AddKubernetes(const std::vector<kubernetes::FoundStatus>& upstreams, const kubernetes::WatchStatus& watch);
  void AddHistory(std::uint64_t failures);

  // Sorted and cut into `response`.
  void MoveTo(v1::OverviewResponse& response);

 private:
  void Add(v1::Attention::Severity severity, std::string subject, std::string what, std::string remedy = {});

  std::vector<v1::Attention> items_;
};

}  // namespace switchyard::controlplane::admin
