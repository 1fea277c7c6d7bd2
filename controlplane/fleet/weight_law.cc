#include "controlplane/fleet/weight_law.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace switchyard::controlplane::fleet {
namespace {

constexpr double kGain = 0.2;
constexpr double kLeastUse = 0.05;
// Below this the middle backend is too idle for its figures to say what it could do.
constexpr double kTellingUse = 0.1;
constexpr Duration kForgetAfter = std::chrono::seconds(30);

double MedianOf(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

bool Sane(const LoadReading& reading) {
  return std::isfinite(reading.completed) && std::isfinite(reading.utilization) && std::isfinite(reading.error) && reading.completed >= 0 &&
         reading.utilization >= 0 && reading.error >= 0;
}

void Back(WeightState& state, Held why, const WeightController& controller, TimePoint now) {
  state.held = why;
  if (now - state.last_reading < kForgetAfter) return;
  state.capacity = 0;
  state.factor = controller.Next(state.factor, 1);
}

}  // namespace

const char* NameOf(Held held) {
  switch (held) {
    case Held::kNo: return "";
    case Held::kOff: return "off";
    case Held::kUnknownLoad: return "utilisation not known";
    case Held::kTooIdle: return "too idle to tell";
    case Held::kNoReport: return "no report";
  }
  return "";
}

double FeedForward::Estimate(double before, const LoadReading& reading) const {
  const double now = reading.completed / std::max(reading.utilization + reading.error, kLeastUse);
  return before <= 0 ? now : before + kGain * (now - before);
}

double BoundedStep::Next(double in_force, double wanted) const {
  if (!std::isfinite(wanted) || wanted <= 0) return in_force;
  const double goal = std::clamp(wanted, kLeast, kMost);
  return std::clamp(goal, in_force / (1 + kStep), in_force * (1 + kStep));
}

bool BoundedStep::WorthTelling(double told, double in_force) const { return std::abs(in_force - told) > kDeadBand * told; }

bool StepWeights(std::span<WeightState*> backends, const CapacityRule& rule, const WeightController& controller, TimePoint now) {
  std::vector<double> uses;
  for (WeightState* state : backends) {
    if (state->reading && !Sane(*state->reading)) state->reading.reset();
    if (state->reading && state->active) uses.push_back(state->reading->utilization);
  }
  const bool idle = MedianOf(uses) < kTellingUse;
  std::vector<double> capacities;
  for (WeightState* state : backends) {
    if (!state->reading || !state->active || state->configured == 0 || idle || state->reading->completed <= 0) continue;
    state->capacity = rule.Estimate(state->capacity, *state->reading);
    state->last_reading = now;
    capacities.push_back(state->capacity / state->configured);
  }
  const double middle = MedianOf(capacities);
  bool changed = false;
  for (WeightState* state : backends) {
    if (state->last_reading != now || middle <= 0) {
      Back(*state, state->reading ? (idle ? Held::kTooIdle : Held::kNoReport) : Held::kUnknownLoad, controller, now);
    } else {
      state->held = Held::kNo;
      state->factor = controller.Next(state->factor, state->capacity / state->configured / middle);
    }
    // Home is told exactly, or a fleet that is even again would stay a little uneven for good.
    const bool home = state->factor == 1 && state->told != 1;
    if (!controller.WorthTelling(state->told, state->factor) && !home) continue;
    state->told = state->factor;
    changed = true;
  }
  return changed;
}

}  // namespace switchyard::controlplane::fleet
