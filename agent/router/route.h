// Route: the immutable, compiled form of `switchyard.v1.Route` that requests are matched against.
//
// Thread-safety: immutable after building; shared by all workers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace switchyard::agent::router {

struct HeaderCondition {
  enum class Kind : std::uint8_t { kExact, kPrefix, kPresent, kAbsent };
  std::string name;
  Kind kind = Kind::kPresent;
  std::string value;
  bool invert = false;
};

struct MatchRule {
  bool exact_path = false;
  std::string path = "/";
  std::vector<std::string> methods;
  std::vector<HeaderCondition> headers;
};

// One share of a split, by position of the upstream in the snapshot.
struct Target {
  std::uint32_t upstream = 0;
  std::uint32_t weight = 1;
};

struct Route {
  std::string name;
  std::vector<std::string> hosts;
  std::vector<MatchRule> matches;
  std::vector<Target> targets;
  std::uint64_t total_weight = 0;
  Duration response_timeout{};
  Duration idle_timeout{};
  // An upstream of it was refused and has no earlier version: requests are answered 503 `quarantined`.
  bool quarantined = false;

  // The upstream for a number drawn below total_weight.
  std::uint32_t TargetFor(std::uint64_t drawn) const;
};

}  // namespace switchyard::agent::router
