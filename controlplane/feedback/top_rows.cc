#include "controlplane/feedback/top_rows.h"

namespace switchyard::controlplane::feedback {

void TopFigures::Merge(const TopFigures& other) {
  totals.Merge(other.totals);
  in_flight += other.in_flight;
  healthy += other.healthy;
  unhealthy += other.unhealthy;
}

v1::TopRow MakeTopRow(const std::string& upstream, const std::string& backend, const TopFigures& figures, double seconds) {
  constexpr double kMicrosPerMilli = 1000.0;
  const auto attempts = static_cast<double>(figures.totals.attempts());
  v1::TopRow row;
  row.set_upstream(upstream);
  row.set_backend(backend);
  row.set_rate(attempts / seconds);
  row.set_success(attempts == 0 ? 1.0 : static_cast<double>(figures.totals.succeeded) / attempts);
  row.set_p50_ms(figures.totals.latency.Quantile(0.5) / kMicrosPerMilli);
  row.set_p99_ms(figures.totals.latency.Quantile(0.99) / kMicrosPerMilli);
  row.set_response_rate(static_cast<double>(figures.totals.response_bytes) / seconds);
  row.set_request_rate(static_cast<double>(figures.totals.request_bytes) / seconds);
  row.set_in_flight(figures.in_flight);
  row.set_healthy(figures.healthy);
  row.set_unhealthy(figures.unhealthy);
  for (std::size_t i = 0; i < figures.totals.failures.size(); ++i) {
    if (figures.totals.failures[i] == 0) continue;
    auto* failure = row.add_failures();
    failure->set_cause(static_cast<v1::Cause>(AllCauses()[i].cause));
    failure->set_count(figures.totals.failures[i]);
  }
  return row;
}

}  // namespace switchyard::controlplane::feedback
