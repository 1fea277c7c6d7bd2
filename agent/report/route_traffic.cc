#include "agent/report/route_traffic.h"

#include <algorithm>
#include <utility>

namespace switchyard::agent::report {
namespace {

constexpr std::size_t kLeast = 16;

using Bounds = std::array<std::uint64_t, observe::kLatencyBuckets.size()>;
constexpr Bounds InMicroseconds() {
  Bounds bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<std::uint64_t>(observe::kLatencyBuckets[i] * 1e6 + 0.5);
  return bounds;
}
constexpr Bounds kBounds = InMicroseconds();

}  // namespace

void RouteCounts::Record(unsigned status, std::uint64_t took_us) {
  if (status >= 100 && status < 600) ++by_class[status / 100U - 1U];
  ++took[static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), took_us) - kBounds.begin())];
  took_sum_us += took_us;
}

std::size_t RouteTraffic::Probe(const std::vector<Place>& places, std::uint64_t id) {
  const std::size_t mask = places.size() - 1;
  std::size_t at = id & mask;
  while (places[at].id != id && places[at].id != 0) at = (at + 1) & mask;
  return at;
}

void RouteTraffic::Resize(std::size_t size) {
  std::vector<Place> next(size);
  std::vector<std::string> names;
  names.reserve(size / 2);
  for (Place& place : places_) {
    if (place.id == 0) continue;
    Place& moved = next[Probe(next, place.id)];
    moved = place;
    moved.name = static_cast<std::uint32_t>(names.size());
    names.push_back(std::move(names_[place.name]));
  }
  places_ = std::move(next);
  names_ = std::move(names);
  used_ = names_.size();
}

RouteTraffic::Place& RouteTraffic::At(std::uint64_t id, std::string_view name) {
  if (places_.empty()) Resize(kLeast);
  std::size_t at = Probe(places_, id);
  if (places_[at].id == id) return places_[at];
  if (2 * (used_ + 1) > places_.size()) {
    Resize(2 * places_.size());
    at = Probe(places_, id);
  }
  places_[at].id = id;
  places_[at].name = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(name);
  ++used_;
  return places_[at];
}

void RouteTraffic::Record(std::uint64_t id, std::string_view name, unsigned status, std::uint64_t took_us) {
  Place& place = At(id, name);
  place.fresh = true;
  place.counts.Record(status, took_us);
}

std::vector<RouteWindow> RouteTraffic::Collect() {
  std::vector<RouteWindow> out;
  out.reserve(used_);
  std::size_t stale = 0;
  for (Place& place : places_) {
    if (place.id == 0) continue;
    if (place.fresh) {
      out.push_back({names_[place.name], std::exchange(place.counts, {})});
      place.fresh = false;
    } else {
      place.id = 0;  // the table is made anew below, which closes the gaps
      ++stale;
    }
  }
  if (stale > 0) {
    std::size_t size = kLeast;
    while (size < 2 * (used_ - stale)) size *= 2;
    Resize(size);
  }
  return out;
}

}  // namespace switchyard::agent::report
