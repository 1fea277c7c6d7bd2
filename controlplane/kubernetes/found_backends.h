// FoundBackends: what is known of the endpoints of each upstream with `discovery.kubernetes`, and its place in a catalog.
//
// Soft state beside intent: Fill gives a catalog of the same generation whose upstreams hold what was found, so whoever compiles, explains or draws needs not
// know where backends come from.
//
// When nothing is known (yet):
// - New terms of an upstream: what was found under the old ones holds until there is an answer.
// - An upstream that is new: a generation waits for its answer, at most kFirstAnswer; then it has no backends until there is one.
// - After a start: what Restore brought holds. Where that has nothing either, the upstream is `unknown`: agents that serve already are not to be told
//   (Publisher), since an empty list would take from them what works.
//
// Thread-safety: every method from any thread; one lock. Cost: Fill copies the catalog's index when something changed, else nothing. Bounds: the
// catalog's upstreams, kMaxDiscovered backends each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "controlplane/kubernetes/endpoints.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::controlplane::kubernetes {

using CatalogPtr = std::shared_ptr<const store::Catalog>;

struct Filled {
  CatalogPtr catalog;
  // Upstreams of which nothing is known; null: none.
  std::shared_ptr<const std::set<std::string>> unknown;
  // Not to be told to anybody before; zero: at once.
  Duration wait{};
};

// For people and metrics.
struct FoundStatus {
  std::string upstream;
  // `default/app:http`
  std::string source;
  std::size_t backends = 0;
  // There is a list, of whatever age.
  bool known = false;
  // The API server has answered since the start.
  bool answered = false;
  std::string problem;
};

// The watch of one namespace.
struct NamespaceStatus {
  std::string name;
  bool watching = false;
  // Why the newest request failed; empty: it did not.
  std::string error;
};

struct WatchStatus {
  std::vector<NamespaceStatus> namespaces;
  // Requests that ended, since the start.
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

class FoundBackends {
 public:
  static constexpr Duration kFirstAnswer = std::chrono::seconds(2);

  // `clock` outlives it. `changed` is called, without the lock, when Fill would give something else.
  FoundBackends(const Clock* clock, std::function<void()> changed);

  // What to tell agents at the generation of `catalog`. The upstreams that are looked up are those of the newest one so far.
  Filled Fill(const CatalogPtr& catalog);
  // `catalog` with what is known now; for readers.
  CatalogPtr With(const CatalogPtr& catalog) const;

  // The answer for `upstream` under these terms; terms that it no longer has are passed over.
  void Put(const std::string& upstream, const v1::KubernetesDiscovery& terms, Endpoints found);

  // All lists, as upstreams of a snapshot; and back, before the first Fill.
  v1::Snapshot Save() const;
  void Restore(const v1::Snapshot& lists);
  // Grows with each change of what Save gives.
  std::uint64_t version() const;

  std::vector<FoundStatus> Status() const;
  // Of the watches, as they were told last.
  void Report(WatchStatus status);
  WatchStatus Watching() const;

 private:
  struct Entry {
    v1::KubernetesDiscovery terms;
    std::vector<v1::Backend> backends;
    // There is a list, of whatever age.
    bool has_list = false;
    // The API server has answered under these terms.
    bool answered = false;
    // Its first answer was waited for.
    bool waited = false;
    // Was there before the first catalog, so agents may serve it.
    bool old = false;
    std::string problem;
  };

  void Follow(const store::Catalog& catalog);
  Duration Wait();
  CatalogPtr Merge(const CatalogPtr& catalog) const;

  const Clock* clock_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Entry> restored_;
  WatchStatus watching_;
  bool started_ = false;
  std::uint64_t followed_ = 0;
  std::uint64_t version_ = 0;
  std::optional<TimePoint> wait_until_;
  // The last answer of Fill, and of what.
  CatalogPtr source_;
  std::uint64_t source_version_ = 0;
  Filled filled_;
};

}  // namespace switchyard::controlplane::kubernetes
