// SessionRegistry: every agent that the controller knows, by node, and those who wait for a generation to arrive everywhere.
//
// A newer stream of a node replaces the older one, which ends with ABORTED (see Takeovers for the exception). When a stream ends, the
// agent's last facts stay, marked disconnected.
// Waiting: `WaitFor` calls back once, when no connected agent is pending any more for that generation, or at the deadline; no thread
// waits and nothing polls. An agent that connects meanwhile is waited for as well; one that disconnects is not.
// After a start: agents known from an earlier life (`Expect`) are disconnected, but waited for during `return_grace`, so that a change right
// after a restart does not pass for live everywhere because nobody is back yet.
//
// Thread-safety: every method from any thread. Sessions and callbacks are called without the lock held, on the caller's thread (deadlines:
// on the timers' thread). Cost: an update is O(log agents + waiters); convergence O(agents).
// Bounds: RegistryLimits. Beyond max_agents the agent disconnected for longest is forgotten; if all are connected, a newcomer is refused
// with RESOURCE_EXHAUSTED. Beyond max_waiters, WaitFor refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/runtime/timers.h"
#include "controlplane/stream/convergence.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"
#include "controlplane/stream/takeovers.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::stream {

struct RegistryLimits {
  std::size_t max_agents = 10'000;
  std::size_t max_waiters = 1'000;
  // Longer than an agent waits between two tries to connect.
  Duration return_grace = std::chrono::seconds(30);
};

struct ExpectedAgent {
  std::string node;
  WallTime certificate_not_after;
};

struct RegistryCounts {
  std::size_t connected = 0;
  std::size_t known = 0;
};

class SessionRegistry {
 public:
  // `clock` and `timers` outlive this.
  SessionRegistry(const Clock* clock, runtime::Timers* timers, RegistryLimits limits = {});
  // Waiters that are left are dropped without a call. REQUIRES: no callback of `timers` runs any more.
  ~SessionRegistry() = default;

  // For the start, before anything else: these agents were there before. Beyond max_agents the rest is left out.
  void Expect(const std::vector<ExpectedAgent>& agents);
  // The stream of `facts.node` is `session` from now on; an older one is ended. ALREADY_EXISTS: two processes claim this node.
  absl::Status Attach(const std::shared_ptr<SessionHandle>& session, const SessionFacts& facts);
  // Ignored when `session` is not the present one of its node, or when `facts` are older than what is known.
  void Update(const SessionHandle& session, const SessionFacts& facts);
  // True: it was the present stream of its node.
  bool Detach(const SessionHandle& session, const SessionFacts& facts);
  // The agent renewed its certificate.
  void SetCertificate(const std::string& node, WallTime not_after);
  // Passes a message on to these agents (`*`: to all that are connected). Whether each was connected, by name.
  std::map<std::string, bool> Tell(const std::vector<std::string>& nodes, const Frame& message);
  // Ends every stream and refuses new ones with this status. Whoever waits is told how far things have come.
  void EndAll(const absl::Status& status);

  using WaiterId = std::uint64_t;
  using OnConverged = std::function<void(v1::Convergence)>;
  // `callback` may run before this returns. `committed`: when the generation was committed.
  absl::StatusOr<WaiterId> WaitFor(std::uint64_t generation, WallTime committed, Duration timeout, OnConverged callback);
  // The callback is dropped, or runs at this very moment.
  void CancelWait(WaiterId id);
  v1::Convergence ConvergenceOf(std::uint64_t generation, WallTime committed) const;

  // Agents after `node` in order of node, at most `limit`.
  std::vector<AgentRecord> List(const std::string& after_node, std::size_t limit) const;
  RegistryCounts counts() const;

 private:
  struct Stream {
    std::shared_ptr<SessionHandle> session;
    Takeovers takeovers;
  };
  struct Waiter {
    std::uint64_t generation;
    WallTime committed;
    std::set<std::string> pending;
    runtime::Timers::Id timer = 0;
    OnConverged callback;
  };
  // Calls to make once the lock is free.
  using Fired = std::vector<std::pair<OnConverged, v1::Convergence>>;

  static void Call(Fired fired);
  // The rest runs under the lock.
  absl::Status MakeRoom();
  void Settle(const SessionFacts& facts, bool connected, Fired& fired);
  void Fire(std::map<WaiterId, Waiter>::iterator waiter, Fired& fired);
  void OnDeadline(WaiterId id);
  void OnReturnGraceEnd();

  const Clock* clock_;
  runtime::Timers* timers_;
  const RegistryLimits limits_;

  mutable std::mutex mutex_;
  AgentRecords agents_;
  std::map<std::string, Stream> streams_;
  // Disconnected nodes, oldest first.
  std::set<std::pair<TimePoint, std::string>> gone_;
  std::map<std::string, TimePoint> gone_at_;
  std::optional<absl::Status> closed_;
  WaiterId last_waiter_ = 0;
  std::map<WaiterId, Waiter> waiters_;
};

}  // namespace switchyard::controlplane::stream
