// Tally: what came of the requests of one worker; and their sum.
//
// A request fails when it got no whole response, or one with a status of 400 and above.
// Thread-safety: one writer; merge after it has stopped. Cost: O(1) per request.
// Bounds: kMaxValues values of the counted header (further ones count as `(other)`), kMaxSlots slots of the timeline (one hour; what is later
// counts in the last), one histogram.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/stats/exponential_histogram.h"

namespace switchyard::tools::load {

// How a request can end without a whole response.
enum class Failure : std::uint8_t {
  kConnect,      // no target could be connected to
  kReset,        // the connection ended before any byte of the response
  kTruncated,    // ... in the middle of the response
  kTimeout,
  kBadResponse,  // not HTTP, or bytes after the end of the response
  kNotSent,      // intended, but no connection was free before the run ended
};
inline constexpr std::array<std::string_view, 6> kFailureNames = {"connect", "reset", "truncated", "timeout", "bad_response", "not_sent"};

class Tally {
 public:
  static constexpr std::size_t kMaxValues = 256;
  static constexpr std::size_t kMaxSlots = 36000;
  static constexpr Duration kSlot = std::chrono::milliseconds(100);

  struct Slot {
    std::uint64_t requests = 0;  // ended in it, failed ones included
    std::uint64_t failed = 0;
  };

  // The timeline starts at `start`; empty unless `timeline`.
  void Start(TimePoint start, bool timeline);
  void Response(TimePoint now, int status, Duration latency, std::string_view header_value);
  void Fail(TimePoint now, Failure failure, std::uint64_t count = 1);
  void Merge(const Tally& other);

  std::uint64_t requests() const { return responses + failures(); }
  std::uint64_t failures() const;
  // Failures and responses of status >= 400.
  std::uint64_t failed() const;

  stats::ExponentialHistogram latency;  // of whole responses
  std::uint64_t max_us = 0;
  std::uint64_t responses = 0;
  std::array<std::uint64_t, 600> by_status{};
  std::array<std::uint64_t, kFailureNames.size()> by_failure{};
  std::map<std::string, std::uint64_t, std::less<>> header_values;
  std::vector<Slot> slots;
  std::uint64_t resent = 0;              // requests sent again, see Plan::resend; each ends once, as a response or a failure
  std::uint64_t failovers = 0;           // connects that went to a further target
  std::uint64_t connections_opened = 0;
  std::uint64_t bytes_received = 0;

 private:
  void Mark(TimePoint now, std::uint64_t count, bool failed);

  TimePoint start_{};
  bool timeline_ = false;
};

}  // namespace switchyard::tools::load
