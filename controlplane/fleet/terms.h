// Terms: what the configuration says about an upstream, as far as the fleet's loop goes by it. Defaults and bounds: common/config/limits.h.
//
// Pure. Thread-safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "switchyard/v1/upstream.pb.h"

namespace switchyard::controlplane::fleet {

struct BackendTerms {
  std::string address;
  std::uint32_t weight = 1;
  bool active = true;
  std::uint32_t priority = 0;
  std::string zone;
};

struct UpstreamTerms {
  bool verdicts = true;
  bool slow_verdicts = true;  // needs `verdicts`
  bool weights = true;
  // Agents find backends themselves: what they report counts as configured, with weight 1.
  bool discovered = false;
  // Agents pick by the fleet's requests in flight.
  bool wants_in_flight = false;
  std::uint32_t subset_size = 0;  // backends per agent and priority; 0: all
  double concurrency = 0;     // of a backend of weight 1; 0: not known
  double most_ejected = 0.5;  // share of the ACTIVE weight
  std::uint32_t probed_by = 0;  // 0: not probed, or by everybody
  std::vector<BackendTerms> backends;
};

UpstreamTerms TermsOf(const v1::Upstream& upstream);

}  // namespace switchyard::controlplane::fleet
