// Takeovers: tells an agent that came back from two agents that claim one name.
//
// A newer stream of a node replaces the older one: after a lost connection the controller may still hold the old stream. But two
// processes with the same certificate would replace each other for ever. Rule: a process that was itself replaced twice within the last
// minute may not replace the one that is there now.
// Thread-safety: one owner. Cost: O(kRemembered). Bounds: remembers the last kRemembered replacements.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "common/base/clock.h"

namespace switchyard::controlplane::stream {

class Takeovers {
 public:
  // True: `newcomer` may replace `present` (both are `Hello.instance`), and that is remembered. The same instance always may.
  bool Admit(const std::string& present, const std::string& newcomer, TimePoint now);

 private:
  static constexpr std::size_t kRemembered = 8;
  static constexpr Duration kWithin = std::chrono::minutes(1);
  static constexpr int kReplacedBefore = 2;

  struct Takeover {
    TimePoint at;
    std::string loser;
  };
  std::deque<Takeover> past_;
};

}  // namespace switchyard::controlplane::stream
