#include "agent/balancer/turn_order.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {
constexpr double kLeastRate = 1e-4;
// Virtual time is rebased before steps of 1e-4 would lose precision against it.
constexpr double kRebaseAt = 1e9;
}  // namespace

TurnOrder::TurnOrder(std::span<const BackendFacts> backends, Random& random) {
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight > 0) turns_.push_back({random.Unit() / backends[i].weight, i});
  }
  Order();
}

void TurnOrder::Order() {
  for (std::size_t place = turns_.size() / 2; place-- > 0;) Sink(place);
}

void TurnOrder::Sink(std::size_t place) {
  const Turn turn = turns_[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= turns_.size()) break;
    if (child + 1 < turns_.size() && turns_[child + 1].at < turns_[child].at) ++child;
    if (turns_[child].at >= turn.at) break;
    turns_[place] = turns_[child];
    place = child;
  }
  turns_[place] = turn;
}

void TurnOrder::Pass(double rate) {
  now_ = turns_[0].at;
  turns_[0].at += 1 / std::max(rate, kLeastRate);
  Sink(0);
  if (now_ < kRebaseAt) return;
  for (Turn& turn : turns_) turn.at -= now_;
  now_ = 0;
}

void TurnOrder::Rescale(std::span<const double> by) {
  for (Turn& turn : turns_) turn.at = now_ + (turn.at - now_) / by[turn.backend];
  Order();
}

}  // namespace switchyard::agent::balancer
