// EndpointLoad: what a backend says of its own load in the response field `endpoint-load-metrics` (ORCA), as text or JSON.
//
//   endpoint-load-metrics: TEXT cpu_utilization=0.3,rps_fractional=120,named_metrics.in_flight=4
//   endpoint-load-metrics: JSON {"cpu_utilization": 0.3, "named_metrics": {"in_flight": 4}}
//
// Read are `application_utilization`, `cpu_utilization`, `eps`, `rps_fractional` and, of the named metrics, `in_flight` (requests under way there,
// from everybody), which is ours. What is unknown is skipped; a value that is no finite number, or negative, counts as not said; what cannot be
// read to its end says nothing at all. Source: xDS ORCA load report (github.com/cncf/xds, orca_load_report.proto) and the formats that Envoy
// reads.
// Pure, for untrusted bytes. Thread-safety: any. Cost: one pass, no allocation. Bounds: kMaxEndpointLoad bytes; longer says nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace switchyard::agent::codec {

inline constexpr std::string_view kEndpointLoadField = "endpoint-load-metrics";
inline constexpr std::size_t kMaxEndpointLoad = 4'096;

struct EndpointLoad {
  // 0-1, above when overloaded; negative: not said.
  double cpu_utilization = -1;
  double application_utilization = -1;
  double requests_per_second = -1;
  double errors_per_second = -1;
  double in_flight = -1;

  // The larger of the two; negative: neither was said.
  double utilization() const { return cpu_utilization > application_utilization ? cpu_utilization : application_utilization; }
};

// Nothing when the value is not in one of the two formats, or says nothing of the above.
std::optional<EndpointLoad> ReadEndpointLoad(std::string_view value);

}  // namespace switchyard::agent::codec
