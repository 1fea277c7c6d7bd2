#include "controlplane/admin/series_handler.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {
namespace {

using history::TimedPoint;

constexpr Duration kDefaultLast = std::chrono::minutes(10);
constexpr Duration kLeastLast = std::chrono::seconds(10);
constexpr Duration kMostLast = std::chrono::hours(24 * 7);
constexpr std::uint32_t kDefaultPoints = 600;
constexpr std::size_t kMostBackends = 100;

// Where a series is kept: its group, and its name within.
struct Place {
  std::string group;
  std::string name;
};

absl::StatusOr<Place> PlaceOf(std::string_view of) {
  if (of.empty() || of == "fleet") return Place{"f", ""};
  const auto slash = of.find('/');
  const std::string_view kind = of.substr(0, slash), rest = slash == std::string_view::npos ? std::string_view() : of.substr(slash + 1);
  if (kind == "listener" && !rest.empty()) return Place{"f", std::string(rest)};
  if (kind == "upstream" && !rest.empty()) return Place{"u/" + std::string(rest), ""};
  const auto second = rest.find('/');
  if (kind == "backend" && second != std::string_view::npos && second + 1 < rest.size()) {
    return Place{"u/" + std::string(rest.substr(0, second)), std::string(rest.substr(second + 1))};
  }
  return absl::InvalidArgumentError("of: expected fleet, listener/NAME, upstream/NAME or backend/UPSTREAM/ADDRESS");
}

v1::Series ToSeries(std::string of, const std::vector<TimedPoint>& points, bool backend) {
  v1::Series out;
  out.set_of(std::move(of));
  for (const TimedPoint& timed : points) {
    const history::Point& point = timed.point;
    out.add_time(timed.time);
    out.add_rate(point.rate);
    out.add_errors(point.errors);
    out.add_p50_ms(point.p50_ms);
    out.add_p99_ms(point.p99_ms);
    out.add_in_flight(point.in_flight);
    out.add_healthy(point.healthy);
    out.add_unhealthy(point.unhealthy);
    out.add_bytes(point.bytes);
    if (backend) out.add_weight(point.weight);
  }
  return out;
}

// The backends with the most traffic in the newest points.
std::vector<std::string> Busiest(const std::map<std::string, std::vector<TimedPoint>>& found) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, points] : found) {
    if (!name.empty()) order.emplace_back(-points.back().point.rate, name);
  }
  std::sort(order.begin(), order.end());
  if (order.size() > kMostBackends) order.resize(kMostBackends);
  std::vector<std::string> names;
  for (auto& [rate, name] : order) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::StatusOr<v1::SeriesResponse> HandleSeries(const history::Ring& ring, const Clock& clock, const v1::SeriesRequest& request) {
  const auto place = PlaceOf(request.of());
  if (!place.ok()) return place.status();
  const Duration last = request.has_last() ? rpc::ToDuration(request.last()) : kDefaultLast;
  if (last < kLeastLast || last > kMostLast) return absl::InvalidArgumentError("last: must be 10s-7d");
  const std::uint32_t most = request.max_points() == 0 ? kDefaultPoints : request.max_points();
  if (most < 10 || most > 2000) return absl::InvalidArgumentError("max_points: must be 10-2000");
  const bool with_backends = request.backends() && place->group != "f" && place->name.empty();

  const history::Tier tier = history::TierFor(last);
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(clock.WallNow().time_since_epoch()).count();
  std::map<std::string, std::vector<TimedPoint>> found;
  found[place->name];
  const auto read = ring.Read(tier, place->group, now - std::chrono::ceil<std::chrono::seconds>(last).count(), now,
                              [&](std::int64_t time, const history::Row& row) {
                                for (const auto& [name, point] : row) {
                                  if (with_backends || name == place->name) found[name].push_back({time, point});
                                }
                              });
  if (!read.ok()) return read;
  v1::SeriesResponse response;
  std::int64_t step = history::StepOf(tier);
  const auto add = [&](const std::string& of, const std::vector<TimedPoint>& points, bool backend) {
    std::int64_t folded = history::StepOf(tier);
    *response.add_series() = ToSeries(of, Fold(points, most, folded), backend);
    step = std::max(step, folded);
  };
  add(request.of().empty() ? "fleet" : request.of(), found[place->name], !place->name.empty() && place->group != "f");
  if (with_backends) {
    found.erase("");
    for (const std::string& name : Busiest(found)) add("backend/" + place->group.substr(2) + "/" + name, found[name], true);
  }
  *response.mutable_step() = rpc::ToProto(std::chrono::seconds(step));
  response.set_stored_bytes(ring.bytes());
  response.set_cap_bytes(ring.cap_bytes());
  return response;
}

}  // namespace switchyard::controlplane::admin
