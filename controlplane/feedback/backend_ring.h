// BackendRing: what the whole fleet saw of one backend, second by second, for the last 60 seconds.
//
// Seconds are counted by the caller (the aggregator's clock). A slot is reused when its second comes round again; data older than 60
// seconds is gone then, without any timer.
// Thread-safety: one owner. Cost: memory grows with the seconds that saw traffic; a ring that saw any is about 5 KB. Bounds: 60 slots.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/cause.h"
#include "common/stats/exponential_histogram.h"
#include "controlplane/feedback/sparse_histogram.h"

namespace switchyard::controlplane::feedback {

// Sums over some seconds.
struct BackendTotals {
  std::uint64_t succeeded = 0;
  std::uint64_t server_errors = 0;
  std::array<std::uint64_t, kCauseCount> failures{};  // by CauseIndex
  std::uint64_t response_bytes = 0;
  std::uint64_t request_bytes = 0;
  stats::ExponentialHistogram latency;

  void Merge(const BackendTotals& other);
  std::uint64_t failed() const;
  std::uint64_t attempts() const { return succeeded + server_errors + failed(); }
};

class BackendRing {
 public:
  static constexpr std::int64_t kSeconds = 60;

  // Adds counts to the slot of `second`. Returns by how many the number of kept histogram buckets changed. `keep_latency` false: the
  // latency is left out (the aggregator is at its bound).
  std::ptrdiff_t Add(std::int64_t second, const BackendTotals& counts, bool keep_latency);
  // Sums the seconds in [from, to) into `totals`.
  void SumInto(std::int64_t from, std::int64_t to, BackendTotals& totals) const;
  // The newest second with data; -1: never any.
  std::int64_t newest() const { return newest_; }
  // Histogram buckets kept.
  std::size_t buckets() const;

 private:
  struct Failure {
    std::uint16_t cause_index;
    std::uint64_t count;
  };
  struct Slot {
    std::int64_t second = -1;
    std::uint64_t succeeded = 0;
    std::uint64_t server_errors = 0;
    std::uint64_t response_bytes = 0;
    std::uint64_t request_bytes = 0;
    // At most kCauseCount.
    std::vector<Failure> failures;
    SparseHistogram latency;
  };

  // Made when the first data comes: most backends of a large fleet are quiet.
  std::vector<Slot> slots_;
  std::int64_t newest_ = -1;
};

}  // namespace switchyard::controlplane::feedback
