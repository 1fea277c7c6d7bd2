#include "agent/fleet/overlay_table.h"

#include <algorithm>
#include <tuple>

#include "common/config/proto_duration.h"

namespace switchyard::agent::fleet {
namespace {

using health::FleetHealth;
using health::FleetVerdict;

constexpr Duration kLeastTtl = std::chrono::seconds(1);
constexpr Duration kMostTtl = std::chrono::seconds(60);
constexpr Duration kLeastInterval = std::chrono::milliseconds(100);
constexpr Duration kMostInterval = std::chrono::seconds(5);

FleetVerdict VerdictOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_SOFT:
    case v1::VERDICT_RETURNING: return FleetVerdict::kReduced;
    case v1::VERDICT_EJECTED: return FleetVerdict::kEjected;
    case v1::VERDICT_FORCED_OUT: return FleetVerdict::kForcedOut;
    case v1::VERDICT_FORCED_IN: return FleetVerdict::kForcedIn;
    default: return FleetVerdict::kGood;
  }
}

FleetHealth HealthOf(v1::Health health) {
  if (health == v1::HEALTH_UNHEALTHY) return FleetHealth::kUnhealthy;
  return health == v1::HEALTH_HEALTHY ? FleetHealth::kHealthy : FleetHealth::kUnknown;
}

// 0 stands for 1000 in both.
float WeightOf(const v1::BackendWord& word) { return std::clamp(static_cast<float>(word.weight() == 0 ? 1000 : word.weight()) / 1000, 0.1F, 10.0F); }
float ShareOf(const v1::BackendWord& word) { return std::clamp(static_cast<float>(word.share() == 0 ? 1000 : word.share()) / 1000, 0.001F, 1.0F); }

std::string KeyOf(const std::string& upstream, const std::string& address) { return upstream + '\n' + address; }

}  // namespace

void OverlayTable::NewStream() { fresh_ = true; }

bool OverlayTable::Apply(const v1::Overlay& overlay) {
  const bool other = overlay.controller_instance() != instance_;
  if ((fresh_ && !overlay.full()) || (!fresh_ && !other && overlay.epoch() < epoch_)) {
    ++ignored_;
    return false;
  }
  heard_ = clock_.Now();
  if (overlay.full()) Replace(overlay);
  // It was silent for long, but the stream stood: what it said holds again.
  if (!alive_) {
    for (auto& [id, entry] : entries_) Take(entry, v1::BackendWord(entry.word));
  }
  instance_ = overlay.controller_instance();
  epoch_ = overlay.epoch();
  alive_ = true;
  ttl_ = overlay.has_ttl() ? std::clamp(config::FromProto(overlay.ttl()), kLeastTtl, kMostTtl) : ttl_;
  if (overlay.has_evidence_interval()) evidence_interval_ = std::clamp(config::FromProto(overlay.evidence_interval()), kLeastInterval, kMostInterval);
  for (const v1::BackendOverlay& one : overlay.backends()) {
    Entry* entry = Find(one);
    if (entry == nullptr) {
      ++ignored_;
      continue;
    }
    if (one.has_word()) Take(*entry, one.word());
    if (one.has_in_flight()) entry->health->fleet().SetInFlight(static_cast<float>(std::min(one.in_flight(), 10'000'000U)), heard_);
  }
  return true;
}

void OverlayTable::Replace(const v1::Overlay& overlay) {
  auto before = std::exchange(entries_, {});
  ids_.clear();
  fresh_ = false;
  for (const v1::BackendOverlay& one : overlay.backends()) Find(one);
  const bool stranger = overlay.controller_instance() != instance_;
  for (auto& [id, entry] : before) {
    if (!ids_.contains(KeyOf(entry.upstream, entry.address))) Release(entry, stranger);
  }
}

OverlayTable::Entry* OverlayTable::Find(const v1::BackendOverlay& one) {
  const auto known = entries_.find(one.id());
  if (known != entries_.end()) return &known->second;
  if (one.upstream().empty() || one.backend().empty() || entries_.size() >= kMaxBackends) return nullptr;
  // A backend that left and came back has a new number; the old one must not speak for it any more.
  const auto [slot, made] = ids_.try_emplace(KeyOf(one.upstream(), one.backend()), one.id());
  if (!made) entries_.erase(std::exchange(slot->second, one.id()));
  Entry& entry = entries_[one.id()];
  entry.upstream = one.upstream();
  entry.address = one.backend();
  entry.health = table_.Get(one.upstream(), one.backend());
  return &entry;
}

void OverlayTable::Take(Entry& entry, const v1::BackendWord& word) {
  entry.word = word;
  health::FleetWord& to = entry.health->fleet();
  to.SetVerdict(VerdictOf(word.verdict()), ShareOf(word));
  to.SetHealth(HealthOf(word.health()));
  to.SetWeight(WeightOf(word));
  fading_.erase(KeyOf(entry.upstream, entry.address));
  faded_ = false;
}

void OverlayTable::Release(Entry& entry, bool keep_weight) {
  health::FleetWord& to = entry.health->fleet();
  to.SetVerdict(FleetVerdict::kGood, 1);
  to.SetHealth(FleetHealth::kUnknown);
  if (keep_weight && to.weight() != 1 && fading_.size() < kMaxBackends) {
    fading_[KeyOf(entry.upstream, entry.address)] = {entry.health, to.weight(), heard_};
  } else {
    to.SetWeight(1);
  }
}

void OverlayTable::Fade(TimePoint since, const std::shared_ptr<health::BackendHealth>& backend, float held, TimePoint now) const {
  const double gone = std::chrono::duration<double>(now - since - kWeightsHold) / std::chrono::duration<double>(kWeightsFade);
  backend->fleet().SetWeight(1 + (held - 1) * static_cast<float>(1 - std::clamp(gone, 0.0, 1.0)));
}

void OverlayTable::Tick() {
  const TimePoint now = clock_.Now();
  for (auto at = fading_.begin(); at != fading_.end();) {
    Fade(at->second.since, at->second.health, at->second.held, now);
    at = now - at->second.since >= kWeightsHold + kWeightsFade ? fading_.erase(at) : std::next(at);
  }
  const Duration silent = now - heard_;
  if (silent < ttl_) return;
  if (std::exchange(alive_, false)) {
    // Health stays: from here on the agent probes for itself, and until the first of its own probes has ended the word of others is better than none.
    for (auto& [id, entry] : entries_) entry.health->fleet().SetVerdict(FleetVerdict::kGood, 1);
  }
  if (faded_) return;
  for (auto& [id, entry] : entries_) Fade(heard_ + ttl_, entry.health, WeightOf(entry.word), now);
  faded_ = silent >= ttl_ + kWeightsHold + kWeightsFade;
}

std::vector<OverlayTable::Row> OverlayTable::NotPlain(std::size_t limit) const {
  std::vector<Row> out;
  if (!alive_) return out;
  for (const auto& [id, entry] : entries_) {
    const v1::BackendWord& word = entry.word;
    const bool plain = word.verdict() <= v1::VERDICT_GOOD && WeightOf(word) == 1 && word.health() != v1::HEALTH_UNHEALTHY;
    if (!plain) out.push_back({entry.upstream, entry.address, word});
  }
  std::sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return std::tie(a.upstream, a.address) < std::tie(b.upstream, b.address); });
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace switchyard::agent::fleet
