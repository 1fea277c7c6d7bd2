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
// The same for slow ones.
std::string SlowVerdicts(bool full);

// An agent whose controller has been silent for so long.
struct SilenceResult {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  double half = 0;           // weight of a backend that was told to do half of its weight
  double twice = 0;
  double half_share = 0;     // of the requests of the next two seconds
  double ejected_share = 0;  // of a backend that was ejected
};
SilenceResult RunSilence(double seconds, std::uint64_t seed);
std::string Silence(bool full);

}  // namespace switchyard::tests::sim
