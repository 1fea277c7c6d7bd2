#include "agent/balancer/selection.h"

#include <algorithm>

namespace switchyard::agent::balancer {
namespace {

// A tier with this much more weight than it needs takes everything.
constexpr double kSpare = 1.4;
// Requests in flight that an error share of one stands for.
constexpr float kErrorCharge = 10;
// Of what the fleet may say about a weight.
constexpr float kLeastFactor = 0.1F;
constexpr float kMostFactor = 10;
constexpr Duration kMeasureEvery = std::chrono::milliseconds(100);

double MedianOf(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Selection::Selection(std::shared_ptr<const Plan> plan, std::span<const LocalEvidence* const> evidence, Random& random)
    : plan_(std::move(plan)), slots_(plan_->members.size()), slow_starts_(plan_->members.size()), zones_(plan_->tiers) {
  for (const Plan::Group& group : plan_->groups) {
    Group& own = groups_.emplace_back();
    own.tier = group.tier;
    own.local = group.local;
    own.begin = facts_.size();
    own.size = group.members.size();
    for (const std::uint32_t member : group.members) {
      slots_[member] = facts_.size();
      members_.push_back(member);
      BackendFacts& facts = facts_.emplace_back();
      facts.weight = plan_->members[member].weight;
      facts.evidence = evidence[member];
    }
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::span<const BackendFacts> facts(facts_.data() + groups_[i].begin, groups_[i].size);
    groups_[i].balancer = MakeBalancer(*plan_, plan_->groups[i], facts, random);
  }
  tier_load_.assign(plan_->tiers, 1);
  own_active_.assign(plan_->tiers, 0);
  own_usable_.assign(plan_->tiers, 0);
  out_.assign(facts_.size(), 0);
  scratch_.reserve(facts_.size());
  order_.reserve(facts_.size());
  taken_out_.reserve(facts_.size());
}

void Selection::SetInFlight(std::size_t member, std::uint32_t count) {
  const std::size_t slot = slots_[member];
  for (Group& group : groups_) {
    if (slot >= group.begin && slot < group.begin + group.size) group.in_flight += count - facts_[slot].in_flight;
  }
  facts_[slot].in_flight = count;
}

void Selection::Refresh(TimePoint now, std::span<const Standing> standings) {
  refreshed_ = now;
  const bool measure = !ever_refreshed_ || now - measured_ >= kMeasureEvery;
  ever_refreshed_ = true;
  Judge(now, standings);
  Sum(standings);
  if (measure) Measure(now);
  ShareTiers();
}

void Selection::Judge(TimePoint now, std::span<const Standing> standings) {
  bool subset = false;
  const bool hashed = IsHash(plan_->options.kind);
  for (std::size_t slot = 0; slot < facts_.size(); ++slot) {
    const std::uint32_t member = members_[slot];
    const Standing& standing = standings[member];
    BackendFacts& facts = facts_[slot];
    const bool takes = standing.active && facts.weight > 0;
    facts.usable = takes && !standing.barred && (standing.forced || (standing.healthy && !standing.ejected));
    const float effective = hashed ? 1 : std::clamp(standing.effective, kLeastFactor, kMostFactor);
    // Above 1 for now: Sum brings the largest of a group back to 1, because only relations count.
    facts.tilt = std::max(0.001F, std::clamp(standing.share * slow_starts_[member].Share(plan_->options.slow_start, now), 0.001F, 1.0F) * effective);
    facts.charged = standing.share >= 1;
    facts.charge = kErrorCharge * static_cast<float>(ErrorCharged(facts, now, typical_error_));
    out_[slot] = 0;
    subset = subset || standing.left_out;
  }
  if (subset) Narrow(standings);
  double active = 0;
  double usable = 0;
  for (std::size_t slot = 0; slot < facts_.size(); ++slot) {
    active += standings[members_[slot]].active && out_[slot] == 0 ? facts_[slot].weight : 0;
    usable += facts_[slot].usable ? facts_[slot].weight : 0;
  }
  panic_ = active > 0 && (usable <= 0 || usable < plan_->options.least_capacity * active);
  if (panic_) Restore(standings, active, usable);
}

// To the agent's own backends, tier by tier, where they are enough: before a tier would spill to the next one it uses all that it has.
void Selection::Narrow(std::span<const Standing> standings) {
  std::fill(own_active_.begin(), own_active_.end(), 0.0);
  std::fill(own_usable_.begin(), own_usable_.end(), 0.0);
  for (const Group& group : groups_) {
    for (std::size_t slot = group.begin; slot < group.begin + group.size; ++slot) {
      const Standing& standing = standings[members_[slot]];
      if (standing.left_out) continue;
      own_active_[group.tier] += standing.active ? facts_[slot].weight : 0;
      own_usable_[group.tier] += facts_[slot].usable ? facts_[slot].weight : 0;
    }
  }
  for (const Group& group : groups_) {
    const double active = own_active_[group.tier];
    if (active <= 0 || kSpare * own_usable_[group.tier] < active) continue;
    for (std::size_t slot = group.begin; slot < group.begin + group.size; ++slot) {
      const Standing& standing = standings[members_[slot]];
      if (!standing.left_out || standing.forced) continue;
      out_[slot] = 1;
      facts_[slot].usable = false;
    }
  }
}

// Least bad first: ejected before unhealthy, then by errors. With nobody left at all everybody who is not barred comes back: a wrong probe
// must not turn a working upstream off.
void Selection::Restore(std::span<const Standing> standings, double active, double usable) {
  const double wanted = usable <= 0 ? active : plan_->options.least_capacity * active;
  order_.clear();
  for (std::size_t slot = 0; slot < facts_.size(); ++slot) {
    const Standing& standing = standings[members_[slot]];
    if (!facts_[slot].usable && out_[slot] == 0 && standing.active && !standing.barred && facts_[slot].weight > 0) order_.push_back(slot);
  }
  std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    const bool a_healthy = standings[members_[a]].healthy;
    const bool b_healthy = standings[members_[b]].healthy;
    if (a_healthy != b_healthy) return a_healthy;
    return facts_[a].charge != facts_[b].charge ? facts_[a].charge < facts_[b].charge : a < b;
  });
  for (const std::size_t slot : order_) {
    if (usable >= wanted) break;
    facts_[slot].usable = true;
    facts_[slot].tilt = 1;
    usable += facts_[slot].weight;
  }
}

void Selection::Sum(std::span<const Standing> standings) {
  for (Group& group : groups_) {
    group.active_weight = group.usable_weight = group.shares = 0;
    float most = 0;
    for (std::size_t slot = group.begin; slot < group.begin + group.size; ++slot) {
      const BackendFacts& facts = facts_[slot];
      group.active_weight += standings[members_[slot]].active && out_[slot] == 0 ? facts.weight : 0;
      group.usable_weight += facts.usable ? facts.weight : 0;
      if (facts.usable) most = std::max(most, facts.tilt);
    }
    for (std::size_t slot = group.begin; slot < group.begin + group.size; ++slot) {
      BackendFacts& facts = facts_[slot];
      // Only relations count: when all are new, none is.
      if (facts.usable && most != 1 && most > 0) facts.tilt /= most;
      group.shares += ShareOf(facts);
    }
  }
}

void Selection::Measure(TimePoint now) {
  measured_ = now;
  scratch_.clear();
  for (const BackendFacts& facts : facts_) {
    if (facts.usable && facts.evidence != nullptr && facts.evidence->results() > 0) scratch_.push_back(facts.evidence->Error(now));
  }
  typical_error_ = scratch_.size() < 2 ? 0 : MedianOf(scratch_);
  double sum = 0;
  double count = 0;
  for (Group& group : groups_) {
    scratch_.clear();
    for (std::size_t slot = group.begin; slot < group.begin + group.size; ++slot) {
      const BackendFacts& facts = facts_[slot];
      const double latency = facts.usable && facts.evidence != nullptr ? facts.evidence->Latency(now) : 0;
      if (latency > 0) scratch_.push_back(latency);
    }
    count += static_cast<double>(scratch_.size());
    sum += static_cast<double>(scratch_.size()) * (group.latency = MedianOf(scratch_));
    const double usable = group.active_weight > 0 ? group.usable_weight / group.active_weight : 0;
    if (group.local) zones_[group.tier].Step(usable, plan_->options.zone_fill, group.latency);
  }
  typical_latency_ = count > 0 ? sum / count : 0;
}

void Selection::ShareTiers() {
  double left = 1;
  double given = 0;
  for (std::uint32_t tier = 0; tier < tier_load_.size(); ++tier) {
    double active = 0;
    double usable = 0;
    for (const Group& group : groups_) {
      if (group.tier != tier) continue;
      active += group.active_weight;
      usable += group.usable_weight;
    }
    const double takes = active > 0 ? std::min(left, kSpare * usable / active) : 0;
    left -= takes;
    tier_load_[tier] = given += takes;
  }
  if (given <= 0) return;
  for (double& load : tier_load_) load /= given;
}

std::size_t Selection::DrawGroup(Random& random) const {
  if (groups_.size() == 1) return 0;
  const double point = random.Unit();
  std::uint32_t tier = 0;
  while (tier + 1 < tier_load_.size() && point >= tier_load_[tier]) ++tier;
  std::size_t at = 0;
  while (groups_[at].tier != tier) ++at;
  const bool two_zones = at + 1 < groups_.size() && groups_[at + 1].tier == tier;
  if (!two_zones) return at;
  if (groups_[at].usable_weight <= 0) return at + 1;
  return groups_[at + 1].usable_weight <= 0 || random.Unit() < zones_[tier].local() ? at : at + 1;
}

View Selection::ViewOf(const Group& group, std::size_t avoid, TimePoint now) const {
  View view;
  view.backends = {facts_.data() + group.begin, group.size};
  if (avoid >= group.begin && avoid < group.begin + group.size) view.avoid = avoid - group.begin;
  view.now = now;
  view.typical_latency = group.latency > 0 ? group.latency : typical_latency_;
  view.typical_error = typical_error_;
  view.all_shares = group.shares;
  view.all_in_flight = group.in_flight;
  view.others_at = others_at_;
  return view;
}

std::size_t Selection::PickIn(Group& group, std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now, Random& random) {
  const std::size_t at = group.balancer->Pick(ViewOf(group, avoid, now), key, random);
  return at == kNone ? kNone : group.begin + at;
}

std::size_t Selection::Pick(std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now, Random& random) {
  if (groups_.empty()) return kNone;
  const std::size_t avoided = avoid < slots_.size() ? slots_[avoid] : kNone;
  const std::size_t drawn = DrawGroup(random);
  std::size_t picked = PickIn(groups_[drawn], key, avoided, now, random);
  for (std::size_t i = 0; i < groups_.size() && (picked == kNone || picked == avoided); ++i) {
    if (i == drawn) continue;
    const std::size_t other = PickIn(groups_[i], key, avoided, now, random);
    if (other != kNone) picked = other == avoided && picked != kNone ? picked : other;
  }
  if (picked == kNone) return kNone;
  const std::uint32_t member = members_[picked];
  slow_starts_[member].OnRequest();
  return member;
}

Selection::Group& Selection::GroupOf(std::size_t slot) {
  return *std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return slot < group.begin + group.size; });
}

// The facts of the others are as ever, so every balancer does without these as it does without any that is not usable.
std::size_t Selection::PickWithout(std::span<const std::size_t> without, bool yields, std::optional<std::uint64_t> key, std::size_t avoid, TimePoint now,
                                   Random& random) {
  taken_out_.clear();
  for (const std::size_t member : without) {
    const std::size_t slot = slots_[member];
    BackendFacts& facts = facts_[slot];
    if (!facts.usable) continue;
    Group& group = GroupOf(slot);
    group.shares -= ShareOf(facts);
    group.usable_weight -= facts.weight;
    facts.usable = false;
    taken_out_.push_back(slot);
  }
  double active = 0;
  double left = 0;
  for (const Group& group : groups_) {
    active += group.active_weight;
    left += group.usable_weight;
  }
  const bool enough = !yields || (left > 0 && left >= plan_->options.least_capacity * active);
  const std::size_t picked = enough ? Pick(key, avoid, now, random) : kNone;
  for (const std::size_t slot : taken_out_) {
    BackendFacts& facts = facts_[slot];
    facts.usable = true;
    Group& group = GroupOf(slot);
    group.shares += ShareOf(facts);
    group.usable_weight += facts.weight;
  }
  return enough ? picked : Pick(key, avoid, now, random);
}

void Selection::Withhold(std::size_t member) {
  const std::size_t slot = slots_[member];
  const bool others = std::any_of(facts_.begin(), facts_.end(), [&](const BackendFacts& facts) {
    return &facts != &facts_[slot] && ShareOf(facts) > 0;
  });
  // With nobody else left the next refresh decides, which knows about panic.
  if (others) {
    facts_[slot].usable = false;
  } else {
    ever_refreshed_ = false;
  }
}

void Selection::OnReport(std::size_t member, const Report& report) {
  const std::size_t slot = slots_[member];
  for (Group& group : groups_) {
    if (slot >= group.begin && slot < group.begin + group.size) group.balancer->OnReport(slot - group.begin, report);
  }
}

std::size_t Selection::Wanted(TimePoint now, Random& random, std::span<std::size_t> out) {
  if (groups_.empty()) return 0;
  Group& group = groups_[DrawGroup(random)];
  const std::size_t count = group.balancer->Wanted(ViewOf(group, kNone, now), random, out);
  for (std::size_t i = 0; i < count; ++i) out[i] = members_[group.begin + out[i]];
  return count;
}

}  // namespace switchyard::agent::balancer
