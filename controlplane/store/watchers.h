// Watchers: who is told of each committed change, in order of generation, one change at a time.
//
// A committer calls `Deliver` for each generation that it made; the call waits until every earlier generation was delivered, then calls the
// callbacks. So order holds without a queue: what is waiting are the committers themselves.
//
// Thread-safety: every method from any thread. Bounds: at most kMaxWatchers subscriptions, beyond which Add returns null.
// A subscription may be destroyed within its own callback, and may outlive the store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

inline constexpr std::size_t kMaxWatchers = 4096;

class Watchers {
 public:
  // `delivered`: the newest generation when the store was opened.
  explicit Watchers(std::uint64_t delivered) : delivered_(delivered) {}

  // Told of generations above `after`. Null at the bound.
  std::unique_ptr<Subscription> Add(std::uint64_t after, Store::OnChange on_change);
  // REQUIRES: called once for each generation, without gaps, in any order of threads.
  void Deliver(const ChangeRecord& record, const std::shared_ptr<const Catalog>& catalog);

 private:
  struct Watcher;
  class Handle;

  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t delivered_;
  // Ended ones are swept at the next Add or Deliver.
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

}  // namespace switchyard::controlplane::store
