#include "agent/balancer/local_evidence.h"

#include <algorithm>
#include <cmath>

namespace switchyard::agent::balancer {
namespace {

constexpr double kLatencyTau = 10.0;   // seconds
constexpr double kMeanGain = 0.15;
constexpr double kErrorHalfLife = 2.0;  // seconds without traffic
// Silence shorter than this is the ordinary gap between two requests.
constexpr double kErrorGrace = 0.5;
constexpr double kErrorGain = 0.05;
constexpr double kLongest = 3600;

// exp(-x); between two requests x is small, and two terms are exact to nine digits.
double Kept(double x) { return x < 1e-3 ? 1 - x + x * x / 2 : std::exp(-x); }

double Seconds(Duration duration) { return std::max(0.0, std::chrono::duration<double>(duration).count()); }

// What is left of a mean after silence: near exp(-seconds / kLatencyTau), without the exp.
double Faded(double seconds) {
  const double x = seconds / kLatencyTau;
  return 1 / (1 + x * (1 + x / 2));
}

}  // namespace

void LocalEvidence::OnSuccess(TimePoint now, Duration latency) {
  const double sample = std::min(Seconds(latency), kLongest);
  const double keep = Kept(Seconds(now - latency_at_) / kLatencyTau);
  latency_ = std::max(sample, latency_ * keep + sample * (1 - keep));
  // The first answers weigh more, as with errors, and one after silence.
  const double gain = std::max({kMeanGain, 1.0 / static_cast<double>(++answers_), 1 - Faded(Seconds(now - latency_at_))});
  mean_latency_ += gain * (sample - mean_latency_);
  latency_at_ = std::max(latency_at_, now);
  Result(now, 0);
}

void LocalEvidence::OnAbandoned(TimePoint now, Duration waited) {
  const double least = std::min(Seconds(waited), kLongest);
  if (latency_ == 0) return;
  mean_latency_ += std::max(0.0, kMeanGain * (least - mean_latency_));
  if (least <= latency_) return;
  latency_ = least;
  latency_at_ = std::max(latency_at_, now);
}

void LocalEvidence::OnFailure(TimePoint now, int weight) {
  for (int i = 0; i < std::clamp(weight, 1, 10); ++i) Result(now, 1);
}

void LocalEvidence::Result(TimePoint now, double error) {
  ++results_;
  // The first results weigh more, so that an average of two is the average of two.
  const double gain = std::max(kErrorGain, 1.0 / static_cast<double>(results_ + 1));
  error_ = Error(now);
  error_ += gain * (error - error_);
  error_at_ = std::max(error_at_, now);
}

double LocalEvidence::Latency(TimePoint now) const { return latency_ * std::exp(-Seconds(now - latency_at_) / kLatencyTau); }

double LocalEvidence::MeanLatency(TimePoint now) const { return mean_latency_ * Faded(Seconds(now - latency_at_)); }

double LocalEvidence::Error(TimePoint now) const {
  if (error_ < 1e-6) return 0;
  const double silent = Seconds(now - error_at_);
  return silent <= kErrorGrace ? error_ : error_ * std::exp2(-(silent - kErrorGrace) / kErrorHalfLife);
}

}  // namespace switchyard::agent::balancer
