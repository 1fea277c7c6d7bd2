#include "agent/balancer/prequal.h"

#include <algorithm>

#include "agent/balancer/peak_ewma.h"

namespace switchyard::agent::balancer {
namespace {

constexpr double kColdQuantile = 0.84;
constexpr double kErrorCharge = 10;
constexpr std::uint32_t kMaxUses = 8;
constexpr std::size_t kProbes = 3;

// Requests in flight at or below which a report of the pool is cold.
float ColdLimit(std::span<const ReportPool::Place> places) {
  std::array<float, ReportPool::kPlaces> rifs{};
  for (std::size_t i = 0; i < places.size(); ++i) rifs[i] = places[i].report.rif;
  const auto at = static_cast<std::ptrdiff_t>(kColdQuantile * static_cast<double>(places.size() - 1));
  std::nth_element(rifs.begin(), rifs.begin() + at, rifs.begin() + static_cast<std::ptrdiff_t>(places.size()));
  return rifs[static_cast<std::size_t>(at)];
}

// Latency at about the present load, errors charged.
double LatencyOf(const Report& report, double error) {
  return static_cast<double>(report.service) * (static_cast<double>(report.rif) + 1) * (1 + kErrorCharge * error);
}

}  // namespace

Prequal::Prequal(std::span<const BackendFacts> backends) : draw_(backends), pool_(kMaxUses) {}

std::size_t Prequal::Pick(const View& view, std::optional<std::uint64_t>, Random& random) {
  const std::span<ReportPool::Place> places = pool_.Fresh(view.now);
  ReportPool::Place* best = nullptr;
  bool best_cold = false;
  double best_value = 0;
  std::size_t eligible = 0;
  const float limit = places.empty() ? 0 : ColdLimit(places);
  for (ReportPool::Place& place : places) {
    const BackendFacts& facts = view.backends[place.backend];
    const double share = ShareOf(facts);
    if (share <= 0 || place.backend == view.avoid) continue;
    if (facts.tilt < 1 && random.Unit() >= static_cast<double>(facts.tilt)) continue;
    ++eligible;
    const double reported = std::max(0.0, static_cast<double>(place.report.error) - view.typical_error);
    const double error = std::max(reported, ErrorCharged(facts, view.now, view.typical_error));
    const bool cold = place.report.rif <= limit && error < 0.1;
    const double value = cold ? LatencyOf(place.report, error) / share : (static_cast<double>(place.report.rif) + 1 + kErrorCharge * error) / share;
    if (best != nullptr && (best_cold > cold || (best_cold == cold && value >= best_value))) continue;
    best = &place;
    best_cold = cold;
    best_value = value;
  }
  if (eligible < 2) return LocallyCheaper(draw_.FairPair(view, random), view);
  const std::size_t picked = best->backend;
  pool_.Use(*best);
  RemoveOne(view.now);
  return picked;
}

void Prequal::RemoveOne(TimePoint now) {
  const std::span<ReportPool::Place> places = pool_.Fresh(now);
  if (places.size() < ReportPool::kPlaces / 2) return;
  remove_oldest_ = !remove_oldest_;
  const auto worse = [this](const ReportPool::Place& a, const ReportPool::Place& b) {
    return remove_oldest_ ? a.report.at > b.report.at : a.report.rif < b.report.rif;
  };
  pool_.Drop(*std::max_element(places.begin(), places.end(), worse));
}

std::size_t Prequal::Wanted(const View& view, Random& random, std::span<std::size_t> out) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < kProbes && count < out.size(); ++i) {
    const std::size_t at = draw_.Try(view, kNone, random);
    if (at != kNone) out[count++] = at;
  }
  return count;
}

}  // namespace switchyard::agent::balancer
