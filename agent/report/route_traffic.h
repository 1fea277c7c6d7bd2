// RouteTraffic: what each route took, of the requests of one listener on one worker, since it was last asked.
//
// Kept by the bounds of the metric that it becomes, not as the finer sketches of listeners and backends: there may be a hundred thousand routes, and
// whoever sends its requests all over them should not wait for memory with each. A place is found by the route's id (a hash of its name)
// with one probe on average.
//
// Thread-safety: its worker. Cost: two neighbouring cache lines per request; no allocation for a route that the window before also saw.
// Bounds: a place of 96 bytes for each route with a request in this window or the last, in a table at most half full.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/observe/metric_names.h"

namespace switchyard::agent::report {

struct RouteCounts {
  std::array<std::uint32_t, 5> by_class{};  // 1xx .. 5xx
  // By the bounds of observe::kLatencyBuckets; the last is for those above all.
  std::array<std::uint32_t, observe::kLatencyBuckets.size() + 1> took{};
  std::uint64_t took_sum_us = 0;

  // `status`: what was sent; 0: nothing was.
  void Record(unsigned status, std::uint64_t took_us);
};

// One route, of the requests of one listener.
struct RouteWindow {
  std::string name;
  RouteCounts counts;
};

class RouteTraffic {
 public:
  // REQUIRES: id != 0, the same for the same name always.
  void Record(std::uint64_t id, std::string_view name, unsigned status, std::uint64_t took_us);
  // The routes with requests since the last call. Those without lose their places.
  std::vector<RouteWindow> Collect();
  std::size_t places() const { return used_; }

 private:
  struct Place {
    std::uint64_t id = 0;  // 0: free
    std::uint32_t name = 0;
    bool fresh = false;  // had a request since the last Collect
    RouteCounts counts;
  };

  Place& At(std::uint64_t id, std::string_view name);
  // The place of `id`, or the free one where it belongs.
  static std::size_t Probe(const std::vector<Place>& places, std::uint64_t id);
  void Resize(std::size_t size);

  // A power of two; at most half are used.
  std::vector<Place> places_;
  std::vector<std::string> names_;
  std::size_t used_ = 0;
};

}  // namespace switchyard::agent::report
