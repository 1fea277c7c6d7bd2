#include "agent/config/held_resources.h"

#include <map>
#include <string>
#include <utility>

#include "common/config/resource_key.h"

namespace switchyard::agent::config {
namespace {

using Versions = std::map<std::string, const v1::Resource*>;

std::string NameOf(const v1::Resource& resource) { return switchyard::config::ToString(switchyard::config::KeyOf(resource)); }

Versions ServedIn(const v1::Snapshot& snapshot, const std::vector<v1::Violation>& quarantined) {
  Versions served;
  for (const v1::Resource& resource : snapshot.resources()) served[NameOf(resource)] = &resource;
  for (const v1::Violation& violation : quarantined) served.erase(switchyard::config::ToString(violation.resource()));
  for (const v1::Resource& resource : snapshot.held()) served.try_emplace(NameOf(resource), &resource);
  return served;
}

}  // namespace

void HoldLastGood(const v1::Snapshot& before, const std::vector<v1::Violation>& quarantined, const std::vector<v1::Violation>& violations,
                  v1::Snapshot& next) {
  const Versions served = ServedIn(before, quarantined);
  std::map<std::string, v1::Resource> held;
  for (const v1::Violation& violation : violations) {
    const std::string name = switchyard::config::ToString(violation.resource());
    if (const auto at = served.find(name); at != served.end()) held.try_emplace(name, *at->second);
  }
  next.clear_held();
  for (auto& [name, resource] : held) *next.add_held() = std::move(resource);
}

v1::Snapshot LastServed(const v1::Snapshot& snapshot) {
  Versions held;
  for (const v1::Resource& resource : snapshot.held()) held[NameOf(resource)] = &resource;
  v1::Snapshot served;
  served.set_generation(snapshot.generation());
  for (const v1::Resource& resource : snapshot.resources()) {
    const auto at = held.find(NameOf(resource));
    *served.add_resources() = at == held.end() ? resource : *at->second;
  }
  return served;
}

}  // namespace switchyard::agent::config
