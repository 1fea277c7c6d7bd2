// SessionFacts: what the controller knows about one agent. A value, copied from the session to the registry at each change.
//
// Generations: `agent_generation` is the agent's own word; `served_generation` is the newest generation of which the agent serves every
// byte that concerns it. A generation that changes nothing for an agent is served by it at once, without a message.
// Thread-safety: a value. Bounds: violations are clipped on their way in, see ClipViolations.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "switchyard/v1/agent.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::stream {

using Labels = std::map<std::string, std::string>;

// The two readings of the clock at one moment.
struct Moment {
  TimePoint mono;
  WallTime wall;
};

inline Moment MomentOf(const Clock& clock) { return {clock.Now(), clock.WallNow()}; }

struct SessionFacts {
  std::string node;
  // From Hello.
  std::string instance;
  std::string version;
  std::string zone;
  Labels labels;
  // Address of the other end, for people.
  std::string peer;
  WallTime certificate_not_after;

  std::uint64_t agent_generation = 0;
  std::uint64_t served_generation = 0;
  // The agent refused this generation (and all since, if their content is the same) as a whole; 0: it refused none.
  std::uint64_t rejected_generation = 0;
  // Why it refused. Empty when rejected_generation is 0.
  std::vector<v1::Violation> rejected;
  // What the agent holds in quarantine.
  std::vector<v1::Violation> quarantined;
  // Since when it has been behind the newest generation; nothing: it is not.
  std::optional<TimePoint> behind_since;
  // When it came to serve `served_generation` on this stream; nothing: it already did when it connected.
  std::optional<WallTime> served_at;
  // When it connected; for a disconnected agent (kept by the registry) when its stream ended.
  WallTime since;
  std::optional<WallTime> last_report;
  // Of an upgrade under way.
  std::optional<v1::Predecessor> predecessor;
  // What the agent logs; nothing: it did not say.
  std::optional<v1::LogLevel> log_level;

  // Grows with each copy that a session hands out, so that a late copy never overwrites a newer one.
  std::uint64_t revision = 0;
};

inline constexpr std::size_t kMaxViolationsPerSession = 100;
inline constexpr std::size_t kMaxViolationText = 512;

// The first kMaxViolationsPerSession violations, their texts cut to kMaxViolationText bytes: what an agent says must not fill memory.
std::vector<v1::Violation> ClipViolations(const google::protobuf::RepeatedPtrField<v1::Violation>& violations);

}  // namespace switchyard::controlplane::stream
