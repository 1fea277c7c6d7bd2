#include "controlplane/admin/explain_handler.h"

#include <utility>

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::ExplainResponse> HandleExplain(const fleet::FleetLoop& fleet, const feedback::Aggregator& aggregator,
                                                  const v1::ExplainRequest& request) {
  auto response = fleet.Explain(request);
  if (!response.ok()) return response;
  for (v1::BackendExplanation& one : *response->mutable_backends()) {
    for (v1::BreakerRow& row : aggregator.Breakers(one.upstream(), one.backend())) *one.add_breakers() = std::move(row);
  }
  return response;
}

}  // namespace switchyard::controlplane::admin
