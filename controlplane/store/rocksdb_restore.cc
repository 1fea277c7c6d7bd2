#include "controlplane/store/rocksdb_restore.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "controlplane/store/backup_file.h"
#include "controlplane/store/rocksdb_open.h"
#include "controlplane/store/rocksdb_status.h"

namespace switchyard::controlplane::store {
namespace {

constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::string_view kCannotWrite = "cannot fill the store";

class Filler {
 public:
  explicit Filler(Rocksdb& database) : database_(database) {}

  absl::Status Take(const v1::BackupFrame& frame) {
    if (!frame.has_pair()) return absl::OkStatus();
    rocksdb::ColumnFamilyHandle* family = FamilyOf(database_, frame.pair().family());
    if (family == nullptr)
      return absl::FailedPreconditionError(fmt::format("the backup has a part \"{}\" that this version does not know", frame.pair().family()));
    batch_.Put(family, frame.pair().key(), frame.pair().value());
    return batch_.GetDataSize() < kBatchBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const rocksdb::Status written = database_.db().Write(synced, &batch_);
    batch_.Clear();
    return FromRocksdb(written, kCannotWrite, database_.directory());
  }

 private:
  Rocksdb& database_;
  rocksdb::WriteBatch batch_;
};

absl::Status Fill(const std::string& directory, int file) {
  auto database = Rocksdb::Open(directory, {});
  if (!database.ok()) return database.status();
  Filler filler(**database);
  if (auto read = ReadBackup(file, [&](const v1::BackupFrame& frame) { return filler.Take(frame); }); !read.ok()) return read;
  return filler.Flush();
}

}  // namespace

absl::Status FillStore(const std::string& directory, int file) {
  std::error_code ignored;
  if (std::filesystem::exists(directory, ignored)) {
    return absl::FailedPreconditionError(fmt::format("{} is there already; a backup is restored into a data directory that has no store", directory));
  }
  absl::Status filled = Fill(directory, file);
  if (!filled.ok()) std::filesystem::remove_all(directory, ignored);
  return filled;
}

}  // namespace switchyard::controlplane::store
