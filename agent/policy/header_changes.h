// HeaderChanges: removes, sets and adds headers, in that order.
//
// Thread-safety: immutable. Cost: O(changes * headers); allocates for values with variables only. Source: `HeaderChanges` in route.proto.
#pragma once

#include <string>
#include <vector>

#include "agent/policy/facts.h"

namespace switchyard::agent::policy {

struct HeaderChanges {
  struct Change {
    std::string name;
    rules::ValueTemplate value;
  };
  std::vector<std::string> remove;
  std::vector<Change> set;
  std::vector<Change> add;

  bool Uses(rules::Variable variable) const;
  void Apply(const Facts& facts, TextStore& store, std::vector<codec::Header>& headers) const;
};

}  // namespace switchyard::agent::policy
