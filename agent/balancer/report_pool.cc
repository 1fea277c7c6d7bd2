#include "agent/balancer/report_pool.h"

#include <algorithm>
#include <cmath>

namespace switchyard::agent::balancer {
namespace {

constexpr float kMostInFlight = 1e7F;
constexpr float kLongestService = 3600;

bool Sane(const Report& report) {
  return std::isfinite(report.rif) && std::isfinite(report.service) && std::isfinite(report.error) && report.rif >= 0 && report.service >= 0 &&
         report.error >= 0;
}

}  // namespace

void ReportPool::Add(std::size_t backend, Report report) {
  if (!Sane(report)) return;
  report.rif = std::min(report.rif, kMostInFlight);
  report.service = std::min(report.service, kLongestService);
  report.error = std::min(report.error, 1.0F);
  Place* place = nullptr;
  for (std::size_t i = 0; i < size_; ++i) {
    if (places_[i].backend == backend) place = &places_[i];
  }
  if (place != nullptr && place->report.at > report.at) return;
  if (place == nullptr && size_ < kPlaces) place = &places_[size_++];
  if (place == nullptr) {
    place = &*std::min_element(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.report.at < b.report.at; });
  }
  *place = {backend, report, 0};
}

std::span<ReportPool::Place> ReportPool::Fresh(TimePoint now) {
  for (std::size_t i = 0; i < size_;) {
    places_[i].report.at = std::min(places_[i].report.at, now);
    if (now - places_[i].report.at <= kLife) {
      ++i;
    } else {
      places_[i] = places_[--size_];
    }
  }
  return {places_.data(), size_};
}

void ReportPool::Use(Place& place) {
  place.report.rif += 1;
  if (++place.uses >= max_uses_) Drop(place);
}

void ReportPool::Drop(Place& place) { place = places_[--size_]; }

bool ReportPool::HasNewerThan(std::size_t backend, TimePoint since) const {
  return std::any_of(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(size_),
                     [&](const Place& place) { return place.backend == backend && place.report.at >= since; });
}

}  // namespace switchyard::agent::balancer
