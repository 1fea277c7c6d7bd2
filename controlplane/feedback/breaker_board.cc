#include "controlplane/feedback/breaker_board.h"

#include <algorithm>
#include <tuple>

namespace switchyard::controlplane::feedback {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestAddress = 64;
constexpr std::size_t kLongestReason = 256;
// More than any agent has.
constexpr std::uint32_t kMostWorkers = 1024;
constexpr std::uint32_t kMostDropped = 1'000'000;
constexpr int kSoft = 1;
constexpr int kHalfOpen = 2;
constexpr int kOpen = 3;

int LevelOf(const v1::BreakerReport& row) {
  if (row.open() > 0) return kOpen;
  if (row.half_open() > 0) return kHalfOpen;
  return row.soft() > 0 ? kSoft : 0;
}

bool Worse(const v1::BreakerRow& a, const v1::BreakerRow& b) {
  const auto badness = [](const v1::BreakerRow& row) { return std::make_tuple(row.open() + row.ejected(), row.half_open(), row.soft()); };
  return badness(a) != badness(b) ? badness(a) > badness(b) : a.route() < b.route();
}

}  // namespace

bool BreakerBoard::Honest(const v1::BreakerReport& row) {
  if (row.upstream().empty() || row.upstream().size() > kLongestName || row.backend().empty() || row.backend().size() > kLongestAddress) return false;
  if (row.route().size() > kLongestName || row.reason().size() > kLongestReason) return false;
  const auto counts = {row.soft(), row.open(), row.half_open(), row.ejected()};
  return std::max(counts) > 0 && std::max(counts) <= kMostWorkers;
}

BreakerBoard::Taken BreakerBoard::Replace(const std::string& node, const v1::Report& report, TimePoint now, const Knows& knows) {
  Drop(node);
  Taken taken;
  if (report.breakers().empty() && report.dropped_breakers() == 0) return taken;
  Agent& agent = agents_[node];
  agent.told = now;
  const int rows = std::min(report.breakers_size(), kMaxRows);
  taken.dropped = static_cast<std::uint64_t>(report.breakers_size() - rows);
  for (int i = 0; i < rows; ++i) {
    const v1::BreakerReport& row = report.breakers(i);
    if (!Honest(row)) {
      ++taken.malformed;
      continue;
    }
    Key key(row.upstream(), row.backend());
    if (rows_ >= max_rows_ || !knows(key)) {
      ++taken.dropped;
    } else if (!Add(node, std::move(key), row, agent)) {
      ++taken.malformed;
    }
  }
  agent.left_out = taken.dropped + std::min(report.dropped_breakers(), kMostDropped);
  return taken;
}

bool BreakerBoard::Add(const std::string& node, Key key, const v1::BreakerReport& row, Agent& agent) {
  const auto backend = places_.try_emplace(std::move(key)).first;
  const auto route = backend->second.try_emplace(row.route()).first;
  const auto [place, made] = route->second.try_emplace(node, State{LevelOf(row), row.ejected() > 0, row.reason(), agent.told});
  if (!made) return false;
  agent.places.push_back({backend, route, place});
  ++rows_;
  return true;
}

void BreakerBoard::Drop(const std::string& node) {
  const auto agent = agents_.find(node);
  if (agent == agents_.end()) return;
  for (const Place& place : agent->second.places) {
    place.route->second.erase(place.node);
    if (!place.route->second.empty()) continue;
    place.backend->second.erase(place.route);
    if (place.backend->second.empty()) places_.erase(place.backend);
  }
  rows_ -= agent->second.places.size();
  agents_.erase(agent);
}

v1::BreakerRow BreakerBoard::Sum(const std::string& route, const Nodes& nodes, TimePoint since) {
  v1::BreakerRow row;
  row.set_route(route);
  int worst = -1;
  for (const auto& [node, state] : nodes) {
    if (state.told < since) continue;
    if (state.level == kOpen) row.set_open(row.open() + 1);
    if (state.level == kHalfOpen) row.set_half_open(row.half_open() + 1);
    if (state.level == kSoft) row.set_soft(row.soft() + 1);
    if (state.ejected) row.set_ejected(row.ejected() + 1);
    const int badness = state.ejected ? kOpen : state.level;
    if (badness <= worst) continue;
    worst = badness;
    row.set_node(node);
    row.set_reason(state.reason);
  }
  return row;
}

std::vector<v1::BreakerRow> BreakerBoard::Tell(const Key& backend, TimePoint since) const {
  std::vector<v1::BreakerRow> rows;
  const auto place = places_.find(backend);
  if (place == places_.end()) return rows;
  for (const auto& [route, nodes] : place->second) {
    v1::BreakerRow row = Sum(route, nodes, since);
    if (!row.node().empty()) rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), Worse);
  if (rows.size() > kMaxRowsTold) rows.resize(kMaxRowsTold);
  return rows;
}

std::uint64_t BreakerBoard::left_out(TimePoint since) const {
  std::uint64_t sum = 0;
  for (const auto& [node, agent] : agents_) sum += agent.told >= since ? agent.left_out : 0;
  return sum;
}

}  // namespace switchyard::controlplane::feedback
