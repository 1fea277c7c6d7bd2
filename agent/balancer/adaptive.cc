#include "agent/balancer/adaptive.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {

constexpr std::uint32_t kMaxUses = 1;
constexpr double kErrorCharge = 10;
constexpr Duration kAskAfter = std::chrono::milliseconds(100);

// The middle service time of the pool, for charging errors.
double TypicalService(std::span<const ReportPool::Place> places) {
  std::array<float, ReportPool::kPlaces> services{};
  std::size_t count = 0;
  for (const ReportPool::Place& place : places) {
    if (place.report.service > 0) services[count++] = place.report.service;
  }
  if (count == 0) return 1e-3;
  std::nth_element(services.begin(), services.begin() + static_cast<std::ptrdiff_t>(count / 2),
                   services.begin() + static_cast<std::ptrdiff_t>(count));
  return static_cast<double>(services[count / 2]);
}

}  // namespace

Adaptive::Adaptive(std::span<const BackendFacts> backends, Random& random)
    : draw_(backends), pool_(kMaxUses), by_turns_(backends, random), heard_(backends.size()) {}

void Adaptive::OnReport(std::size_t backend, const Report& report) {
  if (backend >= heard_.size()) return;
  pool_.Add(backend, report);
  heard_[backend] = std::max(heard_[backend], report.at);
}

std::size_t Adaptive::Pick(const View& view, std::optional<std::uint64_t>, Random& random) {
  const std::span<ReportPool::Place> places = pool_.Fresh(view.now);
  const double typical = TypicalService(places);
  ReportPool::Place* best = nullptr;
  double best_score = 0;
  std::size_t eligible = 0;
  for (ReportPool::Place& place : places) {
    const BackendFacts& facts = view.backends[place.backend];
    const double share = ShareOf(facts);
    if (share <= 0 || place.backend == view.avoid) continue;
    if (facts.tilt < 1 && random.Unit() >= static_cast<double>(facts.tilt)) continue;
    ++eligible;
    const double service = place.report.service > 0 ? static_cast<double>(place.report.service) : typical;
    // What we saw ourselves counts too: the path may be at fault, or the reporter may lie.
    const double reported = std::max(0.0, static_cast<double>(place.report.error) - view.typical_error);
    const double error = std::max(reported, ErrorCharged(facts, view.now, view.typical_error));
    const double delay = service + kErrorCharge * error * std::max(typical, service);
    const double score = (static_cast<double>(place.report.rif) + 1) * delay / share;
    if (best != nullptr && score >= best_score) continue;
    best = &place;
    best_score = score;
  }
  if (eligible < 2) return by_turns_.Pick(view, random);
  const std::size_t picked = best->backend;
  pool_.Use(*best);
  return picked;
}

std::size_t Adaptive::Wanted(const View& view, Random& random, std::span<std::size_t> out) {
  std::size_t count = 0;
  for (int i = 0; i < 2 && count < out.size(); ++i) {
    const std::size_t at = draw_.Try(view, kNone, random);
    if (at == kNone || view.now - heard_[at] <= kAskAfter) continue;
    heard_[at] = view.now;
    out[count++] = at;
  }
  return count;
}

}  // namespace switchyard::agent::balancer
