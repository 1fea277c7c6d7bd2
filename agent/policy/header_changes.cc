#include "agent/policy/header_changes.h"

#include <algorithm>

namespace switchyard::agent::policy {

bool HeaderChanges::Uses(rules::Variable variable) const {
  const auto uses = [&](const Change& change) { return change.value.Uses(variable); };
  return std::any_of(set.begin(), set.end(), uses) || std::any_of(add.begin(), add.end(), uses);
}

void HeaderChanges::Apply(const Facts& facts, TextStore& store, std::vector<codec::Header>& headers) const {
  for (const std::string& name : remove) RemoveHeader(headers, name);
  for (const Change& change : set) SetHeader(headers, change.name, Render(change.value, facts, store));
  for (const Change& change : add) AddHeader(headers, change.name, Render(change.value, facts, store));
}

}  // namespace switchyard::agent::policy
