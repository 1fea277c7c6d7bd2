// Publisher: tells every session what to serve, whenever a generation is committed and whenever an agent joins.
//
// One thread of its own. The store's watch only leaves the newest catalog in a mailbox, so a commit never waits for agents; generations
// that come while the thread works are skipped, not queued. All compiling happens here, once per distinct configuration (SnapshotCache).
// Thread-safety: every method from any thread. Bounds: the mailbox holds one catalog; members are bounded by the registry.
// Cost: per generation O(members) hand-overs, each without waiting for the network.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "controlplane/store/store.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"
#include "controlplane/stream/snapshot_cache.h"

namespace switchyard::controlplane::stream {

class Publisher {
 public:
  // `store` outlives this.
  Publisher(store::Store* store, SnapshotCache::Compiler compiler);
  // As Stop.
  ~Publisher();

  // From now on `session` is told what agents with `labels` serve, first of all the newest. `held_digest`: what it serves already.
  void Join(const std::shared_ptr<SessionHandle>& session, Labels labels, std::string held_digest);
  void Leave(const SessionHandle& session);
  // Serialized ticket keys, for every session from now on.
  void SetTicketKeys(Frame keys);
  // Ends the watch and the thread.
  void Stop();

 private:
  struct Member {
    std::weak_ptr<SessionHandle> session;
    std::shared_ptr<const Labels> labels;
  };
  struct Newcomer {
    Member member;
    std::string held_digest;
  };

  void Run();
  void GiveKeys(const Frame& keys, const std::vector<Member>& members);
  void Publish(const std::shared_ptr<const store::Catalog>& catalog, const std::vector<Member>& members);
  void Welcome(const std::shared_ptr<const store::Catalog>& catalog, const std::vector<Newcomer>& newcomers);

  // The thread's own.
  SnapshotCache cache_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::shared_ptr<const store::Catalog> newest_;
  // `newest_` was not yet published.
  bool fresh_ = false;
  std::unordered_map<const SessionHandle*, Member> members_;
  std::vector<Newcomer> newcomers_;
  Frame keys_;
  // `keys_` were not yet given out.
  bool fresh_keys_ = false;

  std::unique_ptr<store::Subscription> watch_;
  std::thread thread_;
};

}  // namespace switchyard::controlplane::stream
