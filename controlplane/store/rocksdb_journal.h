// A Journal on RocksDB. See rocksdb_store.h for the promises, rocksdb_keys.h for the layout.
//
// Thread-safety: as Journal. A failed write sets `broken_`, which makes the next try resume RocksDB first: resuming writes the memtables out
// and starts a fresh log, so whatever the failed write left in the old log is never read again. Each write is tried twice.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane/store/journal.h"
#include "controlplane/store/rocksdb_open.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace switchyard::controlplane::store {

class RocksdbJournal final : public Journal {
 public:
  explicit RocksdbJournal(std::unique_ptr<Rocksdb> database) : database_(std::move(database)) {}

  absl::StatusOr<JournalState> Load() override;
  absl::Status WriteChange(const JournalChange& change) override;
  absl::StatusOr<v1::HistoryEntry> ReadEntry(std::uint64_t generation) const override;
  absl::StatusOr<ChangeRecord> ReadChange(std::uint64_t generation) const override;
  absl::Status WriteRecord(const std::string& key, const Record& record) override;
  absl::Status EraseRecord(const std::string& key, std::uint64_t revision) override;
  absl::StatusOr<Record> ReadRecord(const std::string& key) const override;
  absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& prefix) const override;

 private:
  absl::Status Write(rocksdb::WriteBatch& batch);
  // NOT_FOUND without text when there is no such key.
  absl::StatusOr<std::string> Get(Family family, const std::string& key) const;
  // 0 when the key is not there.
  absl::StatusOr<std::uint64_t> GetNumber(const char* meta_key) const;
  absl::Status LoadCatalog(Catalog& catalog) const;
  absl::Status LoadHistory(std::vector<std::pair<std::uint64_t, std::uint64_t>>& history) const;
  absl::Status Damaged(std::string_view what) const;

  const std::unique_ptr<Rocksdb> database_;
  bool broken_ = false;
};

}  // namespace switchyard::controlplane::store
