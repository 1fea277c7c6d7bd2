// WeightLaw: effective weights of one upstream's backends: what each proves able to do per unit of its configured weight, beside its peers.
//
// Sensor -> rule -> controller, each behind an interface, so that tests/sim can put other laws in the same place:
//   LoadSensor        what is measured now: completed requests per second, utilisation, share of errors
//   CapacityRule      from measurement to what the backend could do. FeedForward: an EWMA (0.2) of completed / max(utilisation + errors, 0.05). It
//                     does not depend on the weight in force, and is therefore indifferent to delay; integral and PID laws on utilisation are not
//   WeightController  from what is wanted to what is in force: at most 25 % per period, within a tenth and ten times the middle; what moves less
//                     than 6 % is not published
// Missing data holds: no measurement, or one that says nothing (less than a tenth of the middle backend in use), leaves a factor where it is; after
// 30 s without any it goes back to 1, step by step.
//
// Pure: time is passed in. Thread-safety: one owner. Cost: O(n log n) per period of 1 s. Bad input: a measurement that is not finite, or negative,
// is none. Source: measured laws in docs/fleet-loop.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "common/base/clock.h"

namespace switchyard::controlplane::fleet {

struct LoadReading {
  double completed = 0;    // per second
  double utilization = 0;  // 0-1, above when overloaded
  double error = 0;        // share
};

class LoadSensor {
 public:
  virtual ~LoadSensor() = default;
  // None: nothing is known of how busy it is.
  virtual std::optional<LoadReading> Read(TimePoint now) const = 0;
};

class CapacityRule {
 public:
  virtual ~CapacityRule() = default;
  // `before`: the estimate until now; 0: none yet.
  virtual double Estimate(double before, const LoadReading& reading) const = 0;
};

class FeedForward final : public CapacityRule {
 public:
  double Estimate(double before, const LoadReading& reading) const override;
};

class WeightController {
 public:
  virtual ~WeightController() = default;
  // The factor in force after this period.
  virtual double Next(double in_force, double wanted) const = 0;
  virtual bool WorthTelling(double told, double in_force) const = 0;
};

class BoundedStep final : public WeightController {
 public:
  static constexpr double kStep = 0.25;
  static constexpr double kLeast = 0.1;
  static constexpr double kMost = 10;
  static constexpr double kDeadBand = 0.06;
  double Next(double in_force, double wanted) const override;
  bool WorthTelling(double told, double in_force) const override;
};

// Why a factor is not moved.
enum class Held : std::uint8_t { kNo, kOff, kUnknownLoad, kTooIdle, kNoReport };
const char* NameOf(Held held);

struct WeightState {
  std::uint32_t configured = 1;
  bool active = true;  // takes traffic, so that its figures mean something
  double capacity = 0;
  double factor = 1;   // in force
  double told = 1;     // published
  TimePoint last_reading{};
  Held held = Held::kUnknownLoad;
  std::optional<LoadReading> reading;  // newest; input of Step
};

// One period for all backends of an upstream. Returns whether any `told` changed.
bool StepWeights(std::span<WeightState*> backends, const CapacityRule& rule, const WeightController& controller, TimePoint now);

}  // namespace switchyard::controlplane::fleet
