// Opening RocksDB the way the store needs it: options, column families, format version.
//
// Thread-safety: `Rocksdb` is filled once and then as safe as RocksDB itself. For rocksdb_* files only.
// Log recovery is `kTolerateCorruptedTailRecords`: an incomplete last record (a crash while writing) is dropped, any other damage is an
// error. RocksDB's default, `kPointInTimeRecovery`, would take damage in the middle for the end and drop acknowledged changes after it.
// Memory: a memtable per column family (they grow in steps of 1/8 of its size), one block cache, few open files, one thread per kind of
// background work.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controlplane/store/rocksdb_store.h"

namespace switchyard::controlplane::store {

// Order of RocksDB's handles; names in rocksdb_open.cc. The numbers are not stored.
enum class Family : std::size_t { kDefault, kResources, kHistory, kPayload, kRecords, kMeta };
inline constexpr std::size_t kFamilyCount = 6;
// Of what is in the directory. A store refuses a newer one.
inline constexpr int kFormatVersion = 1;
inline constexpr char kFormatKey[] = "format";

class Rocksdb {
 public:
  static absl::StatusOr<std::unique_ptr<Rocksdb>> Open(const std::string& directory, const RocksdbOptions& options);
  ~Rocksdb();
  Rocksdb(const Rocksdb&) = delete;
  Rocksdb& operator=(const Rocksdb&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const { return handles_[static_cast<std::size_t>(family)]; }
  const std::string& directory() const { return directory_; }

 private:
  explicit Rocksdb(std::string directory) : directory_(std::move(directory)) {}
  absl::Status CheckFormat();

  const std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles_{};
};

// Names of the families that hold what is to be kept, and a family by such a name; null: there is none.
std::span<const std::string_view> ExportedFamilies();
rocksdb::ColumnFamilyHandle* FamilyOf(const Rocksdb& database, std::string_view name);

}  // namespace switchyard::controlplane::store
