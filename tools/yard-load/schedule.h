// Schedule: when each request of an open loop was meant to start.
//
// Request i of `lanes` interleaved lanes starts at start + (i * lanes + lane) / rate, or, with a seed, at the times of a Poisson process of that rate (each
// lane its own share of it), whatever happened to the earlier ones. A late request
// keeps its intended start, and its latency counts from there; so a stall of the server shows in every request that it delayed, instead of
// in one (the error known as coordinated omission; G. Tene, "How NOT to Measure Latency", 2013).
//
// Nothing is queued: what is due is a count, so a server that stands still costs no memory here.
// Thread-safety: one owner. Cost: O(1); Remaining of a Poisson process O(what remains).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cmath>
#include <limits>
#include <optional>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::tools::load {

class Schedule {
 public:
  // REQUIRES: rate > 0, lane < lanes. `duration` 0: no end. `poisson`: the seed of random starts; evenly spaced without.
  Schedule(TimePoint start, double rate, Duration duration, unsigned lane, unsigned lanes, std::optional<std::uint64_t> poisson = std::nullopt)
      : start_(start), rate_(rate), lane_(lane), lanes_(lanes), next_(start) {
    if (duration.count() > 0) end_ = start + duration;
    if (poisson) random_.emplace(*poisson + lane);
    random_ ? Draw() : Step();
  }

  // The intended start of the next request.
  TimePoint next() const { return next_; }
  // True when it is due at `now` and before the end. Then `Take` gives it out.
  bool Due(TimePoint now) const { return next() <= now && !Exhausted(); }
  bool Exhausted() const { return next() >= end_; }
  TimePoint Take() {
    const TimePoint taken = next_;
    ++index_;
    random_ ? Draw() : Step();
    return taken;
  }
  // No request intended after `now` is made any more.
  void EndAt(TimePoint now) { end_ = std::min(end_, now); }
  // Requests before the end that were not taken.
  std::uint64_t Remaining() const {
    std::uint64_t count = 0;
    if (end_ == TimePoint::max() || Exhausted()) return 0;
    if (random_) {
      for (Schedule rest = *this; !rest.Exhausted(); rest.Take()) ++count;
      return count;
    }
    const double seconds = std::chrono::duration<double>(end_ - start_).count();
    const auto total = static_cast<std::uint64_t>(std::max(0.0, seconds * rate_ / lanes_)) + 1;
    for (count = total > index_ ? total - index_ : 0; count > 0 && At(index_ + count - 1) >= end_; --count) {
    }
    return count;
  }

 private:
  TimePoint At(std::uint64_t index) const {
    const double position = static_cast<double>(index * lanes_ + lane_);
    return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(position / rate_ * 1e9));
  }

  void Step() { next_ = At(index_); }
  // The time between two starts of a lane is exponential.
  void Draw() { next_ += std::chrono::nanoseconds(static_cast<std::int64_t>(-std::log(1.0 - random_->Unit()) * static_cast<double>(lanes_) / rate_ * 1e9)); }

  TimePoint start_;
  double rate_;
  std::uint64_t lane_;
  std::uint64_t lanes_;
  TimePoint end_ = TimePoint::max();
  std::uint64_t index_ = 0;
  TimePoint next_;
  std::optional<Random> random_;
};

}  // namespace switchyard::tools::load
