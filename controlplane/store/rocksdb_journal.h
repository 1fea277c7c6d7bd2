// A Journal on RocksDB. See rocksdb_store.h for the promises, rocksdb_keys.h for the layout.
//
// After a failed write, before the next try (each write is tried twice), the database is closed and opened again, and the inverse of the
// failed write is written first, in case that write had reached the log after all (rocksdb_undo.h). RocksDB's own Resume() is never used: it
// answers OK while it keeps a log whose writer has failed, when there is nothing to flush, and the next write to that log aborts the process.
// - While the disk has less than kReopenBytes free it is not even closed: opening needs space, and the open one still reads.
// - While it stays closed, because opening fails too, reads of history and records fail; the catalog in memory is served as ever.
// - At the end a recovery that is due is tried once more. A crash, or an end on a disk still full, between a failed write and the recovery may
//   leave that write wholly there: nobody can know better.
//
// Thread-safety: as Journal; readers hold `open_` shared, reopening holds it alone.
#pragma once

#include <rocksdb/write_batch.h>

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane/store/journal.h"
#include "controlplane/store/rocksdb_open.h"
#include "controlplane/store/sealed_bytes.h"

namespace switchyard::controlplane::store {

// What opening may need on a disk that was full: a manifest, a log, a table of what the last log holds.
inline constexpr std::uint64_t kReopenBytes = 256 << 10;

class RocksdbJournal final : public Journal {
 public:
  ~RocksdbJournal() override;
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& directory, const RocksdbOptions& options);

  absl::StatusOr<JournalState> Load() override;
  absl::Status WriteChange(const JournalChange& change) override;
  absl::StatusOr<v1::HistoryEntry> ReadEntry(std::uint64_t generation) const override;
  absl::StatusOr<ChangeRecord> ReadChange(std::uint64_t generation) const override;
  absl::Status WriteRecords(const std::vector<Record>& records) override;
  absl::Status EraseRecord(const std::string& key, std::uint64_t revision) override;
  absl::StatusOr<Record> ReadRecord(const std::string& key) const override;
  absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& prefix) const override;
  absl::Status Export(const std::function<absl::Status(const ExportFacts&)>& begin,
                      const std::function<absl::Status(const StoredPair&)>& take) const override;

 private:
  RocksdbJournal(std::string directory, const RocksdbOptions& options, std::shared_ptr<const tls::Seal> seal, std::unique_ptr<Rocksdb> database)
      : directory_(std::move(directory)), options_(options), bytes_(std::move(seal)), database_(std::move(database)) {}

  // REQUIRES: Recover() was OK. The batch names column families by numbers that reopening keeps, so it can be written again.
  absl::Status Write(rocksdb::WriteBatch& batch);
  absl::Status WriteOnce(rocksdb::WriteBatch& batch);
  // OK at once unless a write failed before.
  absl::Status Recover();
  absl::Status TakeUndo();
  absl::Status CheckSpace() const;
  absl::Status Reopen();

  // NOT_FOUND without text when there is no such key.
  absl::StatusOr<std::string> Get(Family family, const std::string& key) const;
  // 0 when the key is not there.
  absl::StatusOr<std::uint64_t> GetNumber(const char* meta_key) const;
  absl::Status LoadCatalog(Catalog& catalog) const;
  absl::Status LoadHistory(std::vector<std::pair<std::uint64_t, std::uint64_t>>& history) const;
  absl::Status Damaged(std::string_view what) const;
  absl::Status Closed() const;

  const std::string directory_;
  const RocksdbOptions options_;
  const SealedBytes bytes_;
  mutable std::shared_mutex open_;
  // Null while it cannot be opened again.
  std::unique_ptr<Rocksdb> database_;
  // Of the writer only: a write that failed and was not recovered from yet, and its inverse once it could be read.
  std::optional<rocksdb::WriteBatch> failed_;
  std::optional<rocksdb::WriteBatch> undo_;
};

}  // namespace switchyard::controlplane::store
