// How much a route look-up costs as the table grows: ns per look-up and the ratio to the smallest table.
//
// Two series. `steady`: the same ten requests against every table, which is what the structure costs. `spread`: requests over all routes in random
// order, where the processor's caches speak, too. Medians of several rounds; run it on a quiet machine: <build>/bin/route_lookup.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/router/route_table.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace {

using switchyard::Duration;
using switchyard::Random;
using switchyard::TimePoint;
using switchyard::agent::codec::RequestHead;
using switchyard::agent::router::MatchRule;
using switchyard::agent::router::Route;
using switchyard::agent::router::RouteTable;

int lookups = 200'000;
int rounds_wanted = 7;
constexpr int kPathsPerHost = 10;

std::string HostOf(int route) { return fmt::format("host-{}.example.com", route / kPathsPerHost); }
std::string PathOf(int route) { return fmt::format("/service-{}", route % kPathsPerHost); }

RouteTable MakeTable(int routes) {
  std::vector<std::shared_ptr<const Route>> all;
  for (int i = 0; i < routes; ++i) {
    auto route = std::make_shared<Route>();
    route->name = fmt::format("route-{}", i);
    route->hosts = {HostOf(i)};
    MatchRule rule;
    rule.path = PathOf(i);
    route->matches.push_back(std::move(rule));
    all.push_back(std::move(route));
  }
  return RouteTable(std::move(all));
}

struct Request {
  std::string_view host;
  std::string_view path;
};

// Requests lie one behind the other, as if just read from a socket: what is measured is the table, not the fetching of the question.
struct Requests {
  std::string text;
  std::vector<Request> all;
};

double NanosPerLookup(const switchyard::Clock& clock, const RouteTable& table, const Requests& asked) {
  const std::vector<Request>& requests = asked.all;
  std::vector<double> rounds;
  for (int round = 0; round < rounds_wanted; ++round) {
    int found = 0;
    const TimePoint start = clock.Now();
    for (int i = 0; i < lookups; ++i) {
      const Request& request = requests[static_cast<std::size_t>(i) % requests.size()];
      RequestHead head;
      head.method = "GET";
      head.host = request.host;
      head.path = head.path_and_query = request.path;
      found += table.Find(head).route != nullptr ? 1 : 0;
    }
    const Duration took = clock.Now() - start;
    if (found != lookups) fmt::print("missed {} look-ups\n", lookups - found);
    rounds.push_back(static_cast<double>(took.count()) / lookups);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

Requests MakeRequests(int routes, int count, bool spread) {
  Random random(7);
  Requests out;
  out.text.reserve(static_cast<std::size_t>(count) * 80);
  const auto add = [&](const std::string& text) {
    const std::size_t at = out.text.size();
    out.text += text;
    return std::string_view(out.text).substr(at);
  };
  for (int i = 0; i < count; ++i) {
    const int route = spread ? static_cast<int>(random.Below(static_cast<std::uint64_t>(routes))) : i % 10;
    const std::string_view host = add(HostOf(route));
    out.all.push_back({host, add(PathOf(route) + "/item/42")});
  }
  return out;
}

}  // namespace

// Fewer look-ups for a run under a simulator: route_lookup LOOKUPS ROUNDS ROUTES.
int main(int argc, char** argv) {
  std::vector<int> sizes = {10, 100, 1'000, 10'000, 100'000};
  if (argc == 4) {
    lookups = std::atoi(argv[1]);
    rounds_wanted = std::atoi(argv[2]);
    sizes = {std::atoi(argv[3])};
  }
  const switchyard::SystemClock clock;
  fmt::print("{:>8}  {:>10}  {:>6}  {:>10}  {:>6}\n", "routes", "steady ns", "ratio", "spread ns", "ratio");
  double first_steady = 0;
  double first_spread = 0;
  for (const int routes : sizes) {
    const RouteTable table = MakeTable(routes);
    const double steady = NanosPerLookup(clock, table, MakeRequests(routes, 10, false));
    const double spread = NanosPerLookup(clock, table, MakeRequests(routes, 20'000, true));
    if (first_steady == 0) {
      first_steady = steady;
      first_spread = spread;
    }
    fmt::print("{:>8}  {:>10.1f}  {:>6.2f}  {:>10.1f}  {:>6.2f}\n", routes, steady, steady / first_steady, spread, spread / first_spread);
  }
  return 0;
}
