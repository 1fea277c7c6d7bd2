// Publisher: tells every session what to serve, whenever a generation is committed and whenever an agent joins.
//
// One thread of its own. The store's watch only leaves the newest catalog in a mailbox, so a commit never waits for agents; generations
// that come while the thread works are skipped, not queued. All compiling happens here, once per distinct configuration (SnapshotCache).
// Between store and compiler a filler may add to a catalog what is not intent (backends found in Kubernetes): Refill when that has changed, which is
// merged with what else comes within kGather. A filler may ask for a delay, bounded by its own promise, and name upstreams of which it knows nothing yet.
// An agent that serves already and needs one of these is told nothing until that is known, so that it goes on with what it has.
// Thread-safety: every method from any thread. Bounds: the mailbox holds one catalog; members are bounded by the registry.
// Cost: per generation O(members) hand-overs, each without waiting for the network.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controlplane/store/store.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"
#include "controlplane/stream/snapshot_cache.h"

namespace switchyard::controlplane::stream {

// A catalog with what is known beside intent.
struct FilledCatalog {
  std::shared_ptr<const store::Catalog> catalog;
  // Upstreams of which nothing is known yet; null: none.
  std::shared_ptr<const std::set<std::string>> unknown;
  // Not to be told before.
  Duration wait{};
};

class Publisher {
 public:
  static constexpr Duration kGather = std::chrono::milliseconds(50);
  // Equal answers are the same object. Called on the publisher's thread, without its lock.
  using Filler = std::function<FilledCatalog(const std::shared_ptr<const store::Catalog>&)>;

  // `store` outlives this. No filler: catalogs are told as they are.
  Publisher(store::Store* store, SnapshotCache::Compiler compiler, Filler filler = {});
  // As Stop.
  ~Publisher();

  // From now on `session` is told what agents with `labels` serve, first of all the newest. `held_digest`: what it serves already.
  void Join(const std::shared_ptr<SessionHandle>& session, Labels labels, std::string held_digest);
  void Leave(const SessionHandle& session);
  // The filler would give something else than before.
  void Refill();
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
  void Publish(const FilledCatalog& filled, const std::vector<Member>& members);
  void Welcome(const FilledCatalog& filled, std::vector<Newcomer> newcomers);
  // False: it was said to wait and will be looked at again. REQUIRES: `lock` held.
  bool Fill(std::unique_lock<std::mutex>& lock, FilledCatalog& filled);

  // The thread's own.
  SnapshotCache cache_;
  const Filler filler_;
  // Newcomers that need what is not known yet.
  std::vector<Newcomer> held_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::shared_ptr<const store::Catalog> newest_;
  // `newest_` was not yet published.
  bool fresh_ = false;
  // Only what is filled in has changed.
  bool refilled_ = false;
  std::unordered_map<const SessionHandle*, Member> members_;
  std::vector<Newcomer> newcomers_;
  Frame keys_;
  // `keys_` were not yet given out.
  bool fresh_keys_ = false;

  std::unique_ptr<store::Subscription> watch_;
  std::thread thread_;
};

}  // namespace switchyard::controlplane::stream
