// Laws of effective weights on simulated time: the controller's own (weight_law.h) beside those that others use, with reports that come late.
//
// 50 backends of uneven capacity, 5 % of noise on what they say, one period a second; after two minutes some lose half of their capacity. What is measured is
// the busiest backend over the mean, without noise. The same seed gives the same result.
#pragma once

#include <cstdint>
#include <string>

namespace switchyard::tests::sim {

enum class Law : std::uint8_t { kNone, kRaw, kFeedForward, kIntegral, kStrongIntegral, kInverseLatency };

struct LawResult {
  double spread = 0;         // most over mean, in the last minute of ten
  double settled = -1;       // seconds from the loss until it stays below 1.10; negative: never
  double turns = 0;          // changes of direction of a weight, per backend and minute, after it settled
};

// `delay`: of reports, in periods. `lost`: share of the backends that lose half.
LawResult RunLaw(Law law, int delay, double lost, std::uint64_t seed);

// Median over seeds: laws down, delays across.
std::string Laws(bool full);
// Seconds from onset until the fleet's verdict, and from there to the agents; and who is ejected wrongly.
std::string Verdicts(bool full);

}  // namespace switchyard::tests::sim
