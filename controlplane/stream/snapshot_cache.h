// SnapshotCache: compiles each distinct configuration once per generation and shares it.
//
// The key is (generation, the agent's labels that some listener's selector names). The compiler is given exactly those labels, never more,
// so the key cannot omit an input; a thousand agents that differ only in their host name share one snapshot. Equal digests of different
// label sets share one object as well.
// Recent snapshots are kept so that an agent that comes back can get a delta instead of everything.
//
// Thread-safety: one owner (the publisher's thread). Cost: a hit is O(log label sets). Bounds: kMaxLabelSets per generation (beyond, a
// snapshot is compiled and not kept); recent ones up to kRecentBytes of serialized size, oldest dropped first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "controlplane/store/catalog.h"
#include "controlplane/stream/session_facts.h"
#include "controlplane/stream/session_handle.h"

namespace switchyard::controlplane::stream {

class SnapshotCache {
 public:
  using Compiler = std::function<v1::Snapshot(const store::Catalog&, const Labels&)>;

  explicit SnapshotCache(Compiler compiler);

  SnapshotPtr Get(const std::shared_ptr<const store::Catalog>& catalog, const Labels& labels);
  // A snapshot of a recent generation with this digest; null when none is kept.
  SnapshotPtr FindRecent(const std::string& digest) const;
  // Calls of the compiler so far.
  std::uint64_t compilations() const { return compilations_; }

 private:
  static constexpr std::size_t kMaxLabelSets = 10'000;
  static constexpr std::size_t kRecentBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMaxRecent = 1'000;

  void Turn(const std::shared_ptr<const store::Catalog>& catalog);
  void Remember(const SnapshotPtr& snapshot);

  Compiler compiler_;
  std::uint64_t compilations_ = 0;
  std::shared_ptr<const store::Catalog> catalog_;
  // Label keys that selectors of this catalog name.
  std::set<std::string> selected_keys_;
  std::map<Labels, SnapshotPtr> by_labels_;
  std::map<std::string, SnapshotPtr> by_digest_;

  struct Recent {
    SnapshotPtr snapshot;
    std::size_t bytes;
  };
  std::deque<Recent> recent_;
  std::size_t recent_bytes_ = 0;
};

}  // namespace switchyard::controlplane::stream
