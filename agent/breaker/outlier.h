// Outlier: local outlier detection of one backend: ejects it for a while when its own attempts go wrong in a way that its peers' do not.
//
// Ejects on failures in a row (any kind), gateway errors in a row, local failures in a row (no answer), or a share of failures over the
// window that is above both a fixed bound and twice the peers' median. For `base` * 2^n, +-10 %, at most `longest`; n falls by one per
// interval without a failure. Afterwards its share grows from 10 % to all over 10 s. How much may be ejected at once is the caller's guard.
// Source: Envoy's outlier detection for the rules; the comparison with the median replaces its standard deviation, by which more than 22 % of
// bad hosts are never found.
//
// Pure: time is passed in. Thread-safety: one worker. Cost: O(1) per result.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/breaker/outcome.h"
#include "agent/breaker/rate_window.h"
#include "common/base/random.h"

namespace switchyard::agent::breaker {

struct OutlierPolicy {
  bool on = false;
  // 0 turns a rule off.
  std::uint32_t failures = 5;
  std::uint32_t gateway_failures = 0;
  std::uint32_t local_failures = 5;
  double failure_share = 0.5;
  std::uint32_t minimum_requests = 20;
  Duration interval = std::chrono::seconds(10);
  Duration base = std::chrono::seconds(5);
  Duration longest = std::chrono::minutes(5);
};

enum class EjectReason : std::uint8_t { kNone, kFailures, kGatewayFailures, kLocalFailures, kFailureShare };
// `failures_in_a_row`, `gateway_failures`, `local_failures`, `failure_share`.
std::string_view NameOf(EjectReason reason);

class Outlier {
 public:
  // Whether the backend should be ejected now; the caller asks its guard and then calls Eject.
  EjectReason Ended(const OutlierPolicy& policy, Outcome outcome, double peers_error, TimePoint now);
  void Eject(const OutlierPolicy& policy, EjectReason reason, TimePoint now, Random& random);
  // Moves on what time alone moves.
  void Tick(const OutlierPolicy& policy, TimePoint now);

  bool ejected() const { return ejected_; }
  EjectReason reason() const { return reason_; }
  // 0.1-1 after an ejection.
  float Share(TimePoint now) const;
  std::uint64_t ejections() const { return ejections_; }

 private:
  void Restart();

  bool ejected_ = false;
  EjectReason reason_ = EjectReason::kNone;
  std::uint32_t failures_ = 0;
  std::uint32_t gateway_failures_ = 0;
  std::uint32_t local_failures_ = 0;
  std::uint32_t backoff_ = 0;
  RateWindow window_;
  TimePoint until_{};
  TimePoint returned_{};
  TimePoint last_failure_{};
  std::uint64_t ejections_ = 0;
};

}  // namespace switchyard::agent::breaker
