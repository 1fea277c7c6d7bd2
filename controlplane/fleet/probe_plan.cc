#include "controlplane/fleet/probe_plan.h"

#include <algorithm>
#include <set>

#include "common/base/rendezvous.h"

namespace switchyard::controlplane::fleet {
namespace {

// Even shares: with one point per agent some would probe many times what others do.
constexpr std::uint64_t kPoints = 16;
// So many times k agents are looked at for other zones.
constexpr std::size_t kWalk = 8;

}  // namespace

ProbePlan::ProbePlan(std::vector<ProbingAgent> agents) : agents_(std::move(agents)) {
  circle_.reserve(agents_.size() * kPoints);
  for (std::uint32_t i = 0; i < agents_.size(); ++i) {
    for (std::uint64_t point = 0; point < kPoints; ++point) circle_.push_back({NameHash(agents_[i].node, point + 1), i});
  }
  std::sort(circle_.begin(), circle_.end(), [&](const Point& a, const Point& b) { return a.at != b.at ? a.at < b.at : a.agent < b.agent; });
}

std::vector<std::string> ProbePlan::ProbersOf(std::string_view upstream, std::string_view backend, std::size_t k) const {
  std::vector<std::string> out;
  std::vector<std::uint32_t> rest;
  std::set<std::uint32_t> seen;
  std::set<std::string_view> zones;
  const std::uint64_t start = NameHash(backend, NameHash(upstream));
  const auto first = std::lower_bound(circle_.begin(), circle_.end(), start, [](const Point& point, std::uint64_t at) { return point.at < at; });
  for (std::size_t i = 0; i < circle_.size() && out.size() < k && seen.size() < agents_.size(); ++i) {
    const auto at = (static_cast<std::size_t>(first - circle_.begin()) + i) % circle_.size();
    const std::uint32_t agent = circle_[at].agent;
    if (!seen.insert(agent).second) continue;
    if (zones.insert(agents_[agent].zone).second) {
      out.push_back(agents_[agent].node);
    } else if (rest.size() < k) {
      rest.push_back(agent);
    }
    // There may be no further zone to find.
    if (out.size() + rest.size() >= k && seen.size() >= kWalk * k) break;
  }
  for (std::size_t i = 0; i < rest.size() && out.size() < k; ++i) out.push_back(agents_[rest[i]].node);
  return out;
}

std::vector<std::string> ProbersAmong(const std::vector<ProbingAgent>& agents, std::string_view upstream, std::string_view backend, std::size_t k) {
  const std::uint64_t name = NameHash(backend, NameHash(upstream));
  std::vector<std::pair<std::uint64_t, const ProbingAgent*>> order;
  for (const ProbingAgent& agent : agents) order.emplace_back(Affinity(name, NameHash(agent.node)), &agent);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second->node < b.second->node; });
  std::vector<std::string> out;
  std::set<std::string_view> zones;
  std::vector<const ProbingAgent*> rest;
  for (const auto& [suits, agent] : order) {
    if (out.size() >= k) break;
    if (zones.insert(agent->zone).second) {
      out.push_back(agent->node);
    } else {
      rest.push_back(agent);
    }
  }
  for (std::size_t i = 0; i < rest.size() && out.size() < k; ++i) out.push_back(rest[i]->node);
  return out;
}

}  // namespace switchyard::controlplane::fleet
