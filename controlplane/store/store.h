// Store: the controller's durable memory. Intent (the catalog and its history) and small records (identity, tokens).
//
// Promise: when `Commit` or a record call returns OK, the change is on disk (fsync of the write-ahead log); a crash at any point leaves
// the change wholly there or wholly not. Every implementation passes tests/contract/store_contract.
// Thread-safety: every method from any thread. Watchers are called in order of generation, one change at a time, outside the store's
// lock, on the committing thread, before `Commit` returns; they must be quick and must not call back into `Commit`.
// Errors: ABORTED (expected generation or record revision is not the present one), NOT_FOUND, INVALID_ARGUMENT (no kind or name, the same
// resource twice, a record too large), INTERNAL (disk full, I/O), DATA_LOSS (corruption). After an error nothing
// was changed; for errors of the disk, the message names the directory and the remedy, and the next call tries again.
// Bounds: the history (HistoryLimits), record keys of 512 bytes, record values of 1 MiB, kMostPuts records at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/store/catalog.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::store {

// A change of intent: all of it or nothing.
struct Transaction {
  std::vector<v1::Resource> upserts;
  std::vector<v1::ResourceKey> deletes;
  // ABORTED unless this is the newest generation.
  std::optional<std::uint64_t> expected_generation;
  std::string author;
  std::string reason;
  WallTime time;
};

// One committed generation.
struct ChangeRecord {
  v1::HistoryEntry entry;
  // The created and updated resources as this generation left them.
  std::vector<v1::Resource> resources;
};

// A small record outside the history, e.g. a token. Revisions start at 1 and grow with each write of any record.
struct Record {
  std::string key;
  std::string value;
  std::uint64_t revision = 0;
};

// What is to be written to one record. `expected`: the revision that must be there now; 0: the record must not exist; absent: whatever.
struct RecordPut {
  std::string section;
  std::string key;
  std::string value;
  std::optional<std::uint64_t> expected;
};
inline constexpr std::size_t kMostPuts = 16;

// Ends the watch when destroyed; after the destructor returns the callback does not run any more.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// One key of the store as it lies there; what holds secrets is sealed.
struct StoredPair {
  std::string_view family;
  std::string_view key;
  std::string_view value;
};

// What an export is of.
struct ExportFacts {
  // Of the store's keys and values.
  std::uint32_t format = 0;
  std::uint64_t generation = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Resources equal to what is stored (output-only fields aside) are no change. If nothing changes, no generation is made and the entry
  // of the result has the newest generation and only ACTION_UNCHANGED. NOT_FOUND when a delete names nothing. The result lists every
  // resource of the transaction; the history and the watchers see only those that changed.
  virtual absl::StatusOr<v1::HistoryEntry> Commit(const Transaction& transaction) = 0;

  // The newest catalog. Never null; cheap; immutable.
  virtual std::shared_ptr<const Catalog> Read() const = 0;

  // Generations below `before` (0: no bound), newest first, at most `limit`; fewer once they make 32 MiB. The end of the history is
  // reached when the last one is OldestGeneration() or the result is empty.
  virtual absl::StatusOr<std::vector<v1::HistoryEntry>> History(std::uint64_t before, std::size_t limit) const = 0;
  // One generation with its resources. NOT_FOUND: never was, or fell out of the bounded history.
  virtual absl::StatusOr<ChangeRecord> ChangeAt(std::uint64_t generation) const = 0;
  // The oldest generation still in the history; 0 when it is empty.
  virtual std::uint64_t OldestGeneration() const = 0;

  // Calls `on_change` for each later commit with the catalog after it. Watch first, then Read: a change is then in what was read, or
  // told, or both (compare generations). Null when 4096 subscriptions are there already.
  using OnChange = std::function<void(const ChangeRecord&, const std::shared_ptr<const Catalog>&)>;
  virtual std::unique_ptr<Subscription> Watch(OnChange on_change) = 0;

  // Records. `section` is a short constant such as "token"; both section and key are free of NUL.
  virtual absl::StatusOr<Record> GetRecord(std::string_view section, std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<Record>> ListRecords(std::string_view section) const = 0;
  // expected: the revision that must be there now; 0: the record must not exist; absent: whatever.
  virtual absl::StatusOr<std::uint64_t> PutRecord(std::string_view section, std::string_view key, std::string_view value,
                                                  std::optional<std::uint64_t> expected) = 0;
  // All of them by one write to the disk, or none. The revision of the first; that of the next is one more. INVALID_ARGUMENT: none, more than kMostPuts, or
  // the same record twice.
  virtual absl::StatusOr<std::uint64_t> PutRecords(std::span<const RecordPut> puts) = 0;
  virtual absl::Status DeleteRecord(std::string_view section, std::string_view key, std::optional<std::uint64_t> expected) = 0;

  // Everything, as it was at one moment, whatever is committed meanwhile: `begin` once, then `take` for each key. Either may fail, which ends it.
  // UNIMPLEMENTED: a store that keeps nothing beyond the process.
  virtual absl::Status Export(const std::function<absl::Status(const ExportFacts&)>& begin,
                              const std::function<absl::Status(const StoredPair&)>& take) const = 0;
};

}  // namespace switchyard::controlplane::store
