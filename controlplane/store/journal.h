// Journal: where a store keeps its bytes. The part of a Store that differs between memory and disk, and nothing more.
//
// A write is all or nothing, and durable (as far as the medium is) when it returns OK; after an error nothing has changed.
// Thread-safety: one writer at a time (the JournaledStore's lock); reads from any thread, also while a write is under way.
// Errors: INTERNAL (disk full, I/O), DATA_LOSS (corruption), NOT_FOUND where said.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane/store/catalog.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

// What a journal holds when it is opened.
struct JournalState {
  std::shared_ptr<const Catalog> catalog;
  // Revision of the newest record write.
  std::uint64_t revision = 0;
  // Generation and bytes of each history entry, in order.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> history;
};

// One change of intent, ready to be written.
struct JournalChange {
  const ChangeRecord& record;
  // As HistoryWindow counts it.
  std::uint64_t bytes = 0;
  // History in [trim_from, trim_to) goes.
  std::uint64_t trim_from = 0;
  std::uint64_t trim_to = 0;
};

// The NOT_FOUND of every journal.
absl::Status NoSuchGeneration(std::uint64_t generation);
// `key` as in ReadRecord.
absl::Status NoSuchRecord(std::string_view key);

class Journal {
 public:
  virtual ~Journal() = default;

  virtual absl::StatusOr<JournalState> Load() = 0;

  virtual absl::Status WriteChange(const JournalChange& change) = 0;
  // NOT_FOUND when the history does not hold it.
  virtual absl::StatusOr<v1::HistoryEntry> ReadEntry(std::uint64_t generation) const = 0;
  virtual absl::StatusOr<ChangeRecord> ReadChange(std::uint64_t generation) const = 0;

  // Keys: section, NUL, key. Revisions: the new ones, growing. All of them or none.
  virtual absl::Status WriteRecords(const std::vector<Record>& records) = 0;
  virtual absl::Status EraseRecord(const std::string& key, std::uint64_t revision) = 0;
  // NOT_FOUND when there is none. The result's key is as given.
  virtual absl::StatusOr<Record> ReadRecord(const std::string& key) const = 0;
  // Every record whose key begins with `prefix`, in order of key.
  virtual absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& prefix) const = 0;

  // As Store::Export.
  virtual absl::Status Export(const std::function<absl::Status(const ExportFacts&)>& begin,
                              const std::function<absl::Status(const StoredPair&)>& take) const = 0;
};

}  // namespace switchyard::controlplane::store
