#include "agent/admin/status_handler.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <vector>

#include "common/config/resource_key.h"
#include "common/observe/json_text.h"
#include "fmt/chrono.h"
#include "fmt/format.h"

namespace switchyard::agent::admin {
namespace {

using observe::JsonArray;
using observe::JsonObject;

constexpr std::size_t kMaxHealthRows = 1000;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string Rfc3339(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds.count())));
}

std::string ControllerJson(const AgentFacts& facts) {
  if (facts.controller_address.empty()) return "null";
  JsonObject object;
  object.Add("address", facts.controller_address);
  object.Add("state", config::ControllerStateName(facts.controller.state));
  object.Add("state_seconds", Seconds(facts.controller_state_age));
  object.Add("last_error", facts.controller.last_error);
  object.Add("instance", facts.controller.controller_instance);
  object.Add("version", facts.controller.controller_version);
  object.Add("connects", facts.controller.connects);
  return object.Finish();
}

std::string CertificateJson(const AgentFacts& facts) {
  JsonObject object;
  if (facts.certificate_not_after.has_value()) {
    object.Add("not_after", Rfc3339(*facts.certificate_not_after));
    object.Add("expires_in_seconds", Seconds(*facts.certificate_not_after - facts.now));
  }
  object.Add("error", facts.identity_error);
  return object.Finish();
}

std::string ListenersJson(const AgentFacts& facts) {
  JsonArray array;
  for (const runtime::ListenerStatus& listener : facts.data_plane.listeners) {
    JsonObject object;
    object.Add("name", listener.name);
    object.Add("address", listener.address);
    array.AddRaw(object.Finish());
  }
  return array.Finish();
}

std::string QuarantineJson(const AgentFacts& facts) {
  JsonArray array;
  for (const v1::Violation& violation : facts.quarantined) {
    JsonObject object;
    object.Add("resource", switchyard::config::ToString(violation.resource()));
    object.Add("field", violation.field());
    object.Add("reason", violation.reason());
    array.AddRaw(object.Finish());
  }
  return array.Finish();
}

std::string HealthJson(std::vector<health::ProbeStatus> probes) {
  std::stable_partition(probes.begin(), probes.end(), [](const auto& probe) { return probe.state == health::HealthState::kUnhealthy; });
  JsonArray array;
  for (std::size_t i = 0; i < std::min(probes.size(), kMaxHealthRows); ++i) {
    JsonObject object;
    object.Add("upstream", probes[i].upstream);
    object.Add("backend", probes[i].address);
    object.Add("state", health::HealthStateName(probes[i].state));
    object.Add("reason", probes[i].reason);
    array.AddRaw(object.Finish());
  }
  return array.Finish();
}

std::string DiscoveryJson(const std::vector<discovery::DiscoveryStatus>& all) {
  JsonArray array;
  for (std::size_t i = 0; i < std::min(all.size(), kMaxHealthRows); ++i) {
    JsonObject object;
    object.Add("upstream", all[i].upstream);
    object.Add("source", all[i].source.source);
    object.Add("backends", all[i].source.backends);
    object.Add("error", all[i].source.error);
    object.Add("looks", all[i].source.looks);
    object.Add("failures", all[i].source.failures);
    array.AddRaw(object.Finish());
  }
  return array.Finish();
}

std::string TroubleJson(const std::vector<report::BackendTrouble>& trouble) {
  JsonArray array;
  for (const report::BackendTrouble& one : trouble) {
    JsonObject object;
    object.Add("upstream", one.upstream);
    object.Add("backend", one.address);
    if (!one.route.empty()) object.Add("route", one.route);
    for (std::size_t i = 0; i < one.breakers.size(); ++i) object.Add(report::kBreakerStates[i], one.breakers[i]);
    object.Add("ejected", one.ejected);
    object.Add("reason", one.reason);
    array.AddRaw(object.Finish());
  }
  return array.Finish();
}

std::string FleetJson(const AgentFacts& facts) {
  JsonArray array;
  for (const FleetFact& one : facts.fleet) {
    JsonObject object;
    object.Add("upstream", one.upstream);
    object.Add("backend", one.address);
    object.Add("verdict", one.verdict);
    object.Add("weight", one.weight);
    object.Add("share", one.share);
    object.Add("unhealthy", one.unhealthy);
    object.Add("reason", one.reason);
    array.AddRaw(object.Finish());
  }
  JsonObject fleet;
  fleet.Add("alive", facts.fleet_alive);
  fleet.Add("epoch", facts.fleet_epoch);
  fleet.AddRaw("backends", array.Finish());
  return fleet.Finish();
}

}  // namespace

Page HandleStatus(AgentView& view) {
  const AgentFacts facts = view.Facts();
  JsonObject object;
  object.Add("node", facts.node);
  object.Add("zone", facts.zone);
  object.Add("version", facts.version);
  object.Add("instance", facts.instance);
  object.Add("time", Rfc3339(facts.now));
  object.Add("uptime_seconds", Seconds(facts.uptime));
  object.Add("ready", facts.readiness.ready);
  object.Add("reason", facts.readiness.reason);
  object.Add("draining", facts.data_plane.draining);
  object.Add("generation", facts.data_plane.generation);
  object.Add("digest", facts.digest);
  object.Add("config_age_seconds", Seconds(facts.config_age));
  object.AddRaw("controller", ControllerJson(facts));
  object.AddRaw("certificate", CertificateJson(facts));
  object.Add("workers", facts.data_plane.workers);
  object.Add("open_connections", facts.open_connections);
  if (facts.predecessor_connections) object.Add("predecessor_connections", *facts.predecessor_connections);
  object.Add("resident_bytes", facts.resident_bytes);
  object.AddRaw("listeners", ListenersJson(facts));
  object.AddRaw("quarantined", QuarantineJson(facts));
  object.AddRaw("discovery", DiscoveryJson(facts.discovery));
  object.AddRaw("breakers", TroubleJson(facts.trouble));
  object.AddRaw("fleet", FleetJson(facts));
  object.AddRaw("health", HealthJson(facts.probes));
  object.Add("health_omitted", facts.probes.size() > kMaxHealthRows ? facts.probes.size() - kMaxHealthRows : 0);
  return {200, kJsonType, object.Finish() + "\n"};
}

}  // namespace switchyard::agent::admin
