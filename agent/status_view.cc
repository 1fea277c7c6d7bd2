#include "agent/status_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "common/config/secret_expiry.h"
#include "common/observe/metric_names.h"
#include "common/observe/resident_memory.h"
#include "common/tls/sha256.h"
#include "fmt/format.h"

namespace switchyard::agent {
namespace {

constexpr std::size_t kMostFleetRows = 1'000;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

admin::FleetFact FactOf(const fleet::OverlayTable::Row& row) {
  constexpr std::array<const char*, 7> kWords = {"good", "good", "soft", "ejected", "returning", "forced_out", "forced_in"};
  admin::FleetFact fact;
  fact.upstream = row.upstream;
  fact.address = row.address;
  const auto verdict = static_cast<std::size_t>(row.word.verdict());
  fact.verdict = kWords.at(verdict < kWords.size() ? verdict : 0);
  fact.weight = row.word.weight() == 0 ? 1 : row.word.weight() / 1000.0;
  fact.share = row.word.share() == 0 ? 1 : row.word.share() / 1000.0;
  fact.unhealthy = row.word.health() == v1::HEALTH_UNHEALTHY;
  fact.reason = row.word.reason();
  return fact;
}

}  // namespace

StatusView::StatusView(StatusViewParts parts) : parts_(std::move(parts)), started_(parts_.clock->Now()) {
  parts_.metrics->Set(observe::kBuildInfo, {"yard-agent", SWITCHYARD_VERSION}, 1);
  parts_.metrics->Set(observe::kStartTime, Seconds(parts_.clock->WallNow().time_since_epoch()));
}

admin::Readiness StatusView::Ready() const {
  if (draining_) return {false, "draining"};
  if (!serving_) return {false, "no configuration yet"};
  return {true, fmt::format("serving generation {}", Snapshot().generation())};
}

// Once a controller has been heard of, the time since then; before that, the age of the file that is served.
Duration StatusView::ConfigAge() const {
  if (parts_.client->connected() || parts_.client->status().connects > 0 || !config_written_.has_value()) return parts_.client->SinceContact();
  return std::max<Duration>(parts_.clock->WallNow() - *config_written_, Duration::zero());
}

admin::AgentFacts StatusView::Facts() const {
  admin::AgentFacts facts;
  facts.node = parts_.membership->node();
  facts.zone = parts_.zone;
  facts.version = SWITCHYARD_VERSION;
  facts.instance = parts_.instance;
  facts.now = parts_.clock->WallNow();
  facts.uptime = parts_.clock->Now() - started_;
  facts.readiness = Ready();
  facts.data_plane = parts_.data_plane->Status();
  facts.data_plane.draining = draining_ || facts.data_plane.draining;
  facts.open_connections = open_connections_;
  facts.predecessor_connections = predecessor_;
  facts.config_age = ConfigAge();
  facts.digest = switchyard::tls::ToHex(Snapshot().digest());
  facts.controller_address = parts_.controller;
  facts.controller = parts_.client->status();
  facts.controller_state_age = parts_.clock->Now() - facts.controller.since;
  facts.certificate_not_after = parts_.membership->not_after();
  facts.identity_error = parts_.membership->error();
  facts.quarantined = parts_.client->quarantined();
  facts.probes = parts_.prober->Status();
  facts.discovery = parts_.discovery->Status();
  facts.trouble = trouble_;
  facts.fleet_alive = parts_.overlays->alive();
  facts.fleet_epoch = parts_.overlays->epoch();
  for (const fleet::OverlayTable::Row& row : parts_.overlays->NotPlain(kMostFleetRows)) facts.fleet.push_back(FactOf(row));
  facts.resident_bytes = observe::ResidentBytes();
  return facts;
}

void StatusView::SetHealthGauges() {
  std::map<std::string, std::array<double, 3>> counts;
  for (const health::ProbeStatus& probe : parts_.prober->Status()) ++counts[probe.upstream][static_cast<std::size_t>(probe.state)];
  parts_.metrics->Clear(observe::kBackendsByHealth);
  for (const auto& [upstream, by_state] : counts) {
    for (std::size_t i = 0; i < by_state.size(); ++i) {
      const char* name = health::HealthStateName(static_cast<health::HealthState>(i));
      parts_.metrics->Set(observe::kBackendsByHealth, {upstream, name}, by_state[i]);
    }
  }
}

void StatusView::SetDiscoveryGauges() {
  parts_.metrics->Clear(observe::kDiscoveredBackends);
  parts_.metrics->Clear(observe::kDiscoveryFailing);
  for (const discovery::DiscoveryStatus& status : parts_.discovery->Status()) {
    parts_.metrics->Set(observe::kDiscoveredBackends, {status.upstream}, static_cast<double>(status.source.backends));
    parts_.metrics->Set(observe::kDiscoveryFailing, {status.upstream}, status.source.error.empty() ? 0 : 1);
  }
}

void StatusView::SetExpiryGauges() {
  if (secrets_digest_ != Snapshot().digest()) {
    secrets_digest_ = Snapshot().digest();
    secret_ends_.clear();
    for (const v1::Resource& resource : Snapshot().resources()) {
      if (!resource.has_secret()) continue;
      if (const auto end = switchyard::config::EarliestEnd(resource.secret())) secret_ends_.emplace_back(resource.name(), *end);
    }
    parts_.metrics->Clear(observe::kTlsCertificateExpiry);
  }
  const WallTime now = parts_.clock->WallNow();
  for (const auto& [name, end] : secret_ends_) parts_.metrics->Set(observe::kTlsCertificateExpiry, {name}, Seconds(end - now));
}

const observe::Metrics& StatusView::FreshMetrics() {
  observe::Metrics& metrics = *parts_.metrics;
  const std::optional<WallTime> not_after = parts_.membership->not_after();
  metrics.Set(observe::kConfigGeneration, static_cast<double>(Snapshot().generation()));
  metrics.Set(observe::kConfigAge, Seconds(ConfigAge()));
  metrics.Set(observe::kConfigQuarantined, static_cast<double>(parts_.client->quarantined().size()));
  metrics.Set(observe::kControllerConnected, parts_.client->connected() ? 1 : 0);
  metrics.Set(observe::kCertificateExpiry, not_after.has_value() ? Seconds(not_after->time_since_epoch()) : 0);
  metrics.Set(observe::kDraining, draining_ ? 1 : 0);
  metrics.Set(observe::kResidentBytes, static_cast<double>(observe::ResidentBytes()));
  SetHealthGauges();
  SetDiscoveryGauges();
  SetExpiryGauges();
  return metrics;
}

}  // namespace switchyard::agent
