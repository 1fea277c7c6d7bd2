#include "controlplane/fleet/suspicion.h"

#include <algorithm>
#include <cmath>

namespace switchyard::controlplane::fleet {
namespace {
constexpr double kMost = 4 * stats::SequentialTest::kCertain;

double Bounded(double sum) { return std::clamp(sum, -kMost, kMost); }
}  // namespace

double Suspicion::AddToRest(double rest, double step) const { return std::clamp(rest + step, may_fall_ ? -kMost : -kHeadStart, kMost); }

// A route is known from its first failure on: one that only succeeds is the rest.
std::uint32_t Suspicion::SlotOf(std::uint64_t route, bool failed) {
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return one.id == route; });
  if (at != routes_.end()) return static_cast<std::uint32_t>(at - routes_.begin());
  if (route == 0 || !failed) return static_cast<std::uint32_t>(routes_.size());
  if (routes_.size() >= kMostRoutes) {
    const auto quietest = std::min_element(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) { return a.against < b.against; });
    ForgetRoute(static_cast<std::uint32_t>(quietest - routes_.begin()));
    *quietest = {route, 0, AddToRest(0, sum_)};
    return static_cast<std::uint32_t>(quietest - routes_.begin());
  }
  routes_.push_back({route, 0, AddToRest(0, sum_)});
  return static_cast<std::uint32_t>(routes_.size() - 1);
}

void Suspicion::ForgetRoute(std::uint32_t slot) {
  const auto first = parts_.lower_bound({slot, 0});
  const auto end = parts_.lower_bound({slot + 1, 0});
  for (auto part = first; part != end; ++part) {
    Contribution& own = contributions_[part->first.second];
    own.against = Bounded(own.against + part->second);
  }
  parts_.erase(first, end);
}

void Suspicion::Add(Mark& mark, std::uint32_t agent, double successes, double failures, const stats::Hypotheses& h, std::uint64_t route) {
  const double step = failures * std::log(h.p1 / h.p0) + successes * std::log((1 - h.p1) / (1 - h.p0));
  if (!std::isfinite(step)) return;
  if (!may_fall_ && sum_ <= 0 && step <= 0) return;
  if (mark.onset != onset_ || mark.place >= contributions_.size()) {
    mark = {onset_, static_cast<std::uint32_t>(contributions_.size())};
    contributions_.push_back({agent, 0, 0});
  }
  const std::uint32_t slot = SlotOf(route, failures > 0);
  Contribution& own = contributions_[mark.place];
  own.failures += failures;
  const bool named = slot < routes_.size() && (parts_.size() < kMostParts || parts_.contains({slot, mark.place}));
  double& part = named ? parts_[{slot, mark.place}] : own.against;
  part = Bounded(part + step);
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    Route& one = routes_[i];
    (i == slot ? one.against : one.rest) = i == slot ? Bounded(one.against + step) : AddToRest(one.rest, step);
  }
  sum_ = Bounded(sum_ + step);
  if (!may_fall_ && sum_ <= 0) Reset();
}

void Suspicion::Withdraw(const Mark& mark) {
  if (mark.onset != onset_ || mark.place >= contributions_.size()) return;
  Contribution& own = contributions_[mark.place];
  double said = own.against;
  std::vector<double> of_routes(routes_.size(), 0);
  for (std::uint32_t slot = 0; slot < routes_.size(); ++slot) {
    const auto part = parts_.find({slot, mark.place});
    if (part == parts_.end()) continue;
    said += of_routes[slot] = part->second;
    parts_.erase(part);
  }
  for (std::size_t slot = 0; slot < routes_.size(); ++slot) {
    routes_[slot].against -= std::max(of_routes[slot], 0.0);
    routes_[slot].rest = AddToRest(routes_[slot].rest, -std::max(said - of_routes[slot], 0.0));
  }
  sum_ -= std::max(said, 0.0);
  own.against = own.failures = 0;
  if (!may_fall_ && sum_ <= 0) Reset();
}

void Suspicion::Reset(bool may_fall) {
  sum_ = 0;
  may_fall_ = may_fall;
  ++onset_;
  contributions_.clear();
  routes_.clear();
  parts_.clear();
}

// By what it has beyond its own loudest agent: a liar's route does not pass for the sick one. Where each route has one agent, by all of it.
const Suspicion::Route* Suspicion::loudest() const {
  const Route* loudest = nullptr;
  double loudness = 0;
  for (std::uint32_t slot = 0; slot < routes_.size(); ++slot) {
    double said = 0;
    double most = 0;
    for (auto part = parts_.lower_bound({slot, 0}); part != parts_.end() && part->first.first == slot; ++part) {
      said += part->second;
      most = std::max(most, part->second);
    }
    if (said - most <= loudness) continue;
    loudness = said - most;
    loudest = &routes_[slot];
  }
  if (loudest != nullptr) return loudest;
  const auto most = std::max_element(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) { return a.against < b.against; });
  return most == routes_.end() || most->against <= 0 ? nullptr : &*most;
}

double Suspicion::robust() const {
  const Route* route = loudest();
  const auto left_out = static_cast<std::uint32_t>(route == nullptr ? routes_.size() : static_cast<std::size_t>(route - routes_.data()));
  // What each agent says, and what it says but for that route.
  std::vector<std::pair<double, double>> said;
  said.reserve(contributions_.size());
  for (const Contribution& one : contributions_) said.emplace_back(one.against, one.against);
  for (const auto& [part, against] : parts_) {
    said[part.second].first += against;
    if (part.first != left_out) said[part.second].second += against;
  }
  // Added up anew: `sum_` and a route's rest have bounds, and one agent that fills them alone would hide what the others say.
  double most = 0;
  double most_of_rest = 0;
  double every = 0;
  double every_rest = 0;
  for (const auto& [all, rest] : said) {
    every += all;
    every_rest += rest;
    most = std::max(most, all);
    most_of_rest = std::max(most_of_rest, rest);
  }
  double sum = Bounded(every - most);
  if (route != nullptr) {
    const double others = Bounded(std::max(route->rest, every_rest) - most_of_rest);
    sum = std::min(sum, others + (!may_fall_ && others > 0 ? kHeadStart : 0));
  }
  return may_fall_ ? sum : std::max(0.0, sum);
}

std::uint32_t Suspicion::witnesses() const {
  return static_cast<std::uint32_t>(
      std::count_if(contributions_.begin(), contributions_.end(), [](const Contribution& one) { return one.failures > 0; }));
}

}  // namespace switchyard::controlplane::fleet
