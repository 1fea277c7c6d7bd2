#include "controlplane/store/rocksdb_open.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/tls/private_file.h"
#include "controlplane/store/rocksdb_status.h"

namespace switchyard::controlplane::store {
namespace {

// Index = Family.
constexpr std::array<const char*, kFamilyCount> kFamilyNames = {"default", "resources", "history", "payload", "records", "meta"};

// Leaves recovery from errors to the journal. RocksDB's own, for a full disk, looks every five seconds and refuses ours meanwhile.
class NoOwnRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override { *auto_recovery = false; }
};

rocksdb::DBOptions DatabaseOptions(const RocksdbOptions& options) {
  rocksdb::DBOptions out;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  out.paranoid_checks = true;
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A recycled log makes a torn record and an old one look alike.
  out.recycle_log_file_num = 0;
  out.max_total_wal_size = options.max_log_bytes;
  // Of all column families together.
  out.db_write_buffer_size = 2 * options.write_buffer_bytes;
  out.max_open_files = options.max_open_files;
  out.max_file_opening_threads = 1;
  out.max_background_jobs = 2;
  out.table_cache_numshardbits = 0;
  out.writable_file_max_buffer_size = 256 << 10;
  out.max_manifest_file_size = 4 << 20;
  out.skip_stats_update_on_db_open = true;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  // RocksDB's own log: warnings only, a few files, never without bound.
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.keep_log_file_num = 3;
  out.max_log_file_size = 1 << 20;
  out.max_bgerror_resume_count = 0;
  out.listeners.push_back(std::make_shared<NoOwnRecovery>());
  return out;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const RocksdbOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions out;
  out.write_buffer_size = options.write_buffer_bytes;
  out.max_write_buffer_number = 2;
  out.target_file_size_base = 8 << 20;
  const auto kinds = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(kinds.begin(), kinds.end(), rocksdb::kLZ4Compression) != kinds.end();
  out.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return out;
}

absl::Status PrepareDirectory(const std::string& directory) {
  if (auto made = tls::MakePrivateDirectory(directory); !made.ok()) return made;
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("data directory {} is not writable: {}; change its owner or mode, or mount it writable",
                                                   directory, std::generic_category().message(errno)));
}

// Families that this version does not know were made by a newer one.
absl::Status CheckFamilies(const rocksdb::DBOptions& options, const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory + "/CURRENT", ignored)) return absl::OkStatus();
  std::vector<std::string> found;
  if (auto listed = rocksdb::DB::ListColumnFamilies(options, directory, &found); !listed.ok()) {
    return FromRocksdb(listed, "cannot open the store", directory);
  }
  for (const std::string& name : found) {
    if (std::find(kFamilyNames.begin(), kFamilyNames.end(), name) != kFamilyNames.end()) continue;
    return absl::FailedPreconditionError(
        fmt::format("the store in {} has a part named \"{}\" that this version does not know: it was written by a newer version, or is not "
                    "Switchyard's; start that version, or name another data directory",
                    directory, name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Rocksdb>> Rocksdb::Open(const std::string& directory, const RocksdbOptions& options) {
  if (auto ready = PrepareDirectory(directory); !ready.ok()) return ready;
  const rocksdb::DBOptions database = DatabaseOptions(options);
  if (auto known = CheckFamilies(database, directory); !known.ok()) return known;
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, 0);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kFamilyNames) families.emplace_back(name, FamilyOptions(options, cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  if (auto opened = rocksdb::DB::Open(database, directory, families, &handles, &db); !opened.ok()) {
    return FromRocksdb(opened, "cannot open the store", directory);
  }
  std::unique_ptr<Rocksdb> out(new Rocksdb(directory));
  out->db_.reset(db);
  std::copy(handles.begin(), handles.end(), out->handles_.begin());
  if (auto fit = out->CheckFormat(); !fit.ok()) return fit;
  return out;
}

Rocksdb::~Rocksdb() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
}

absl::Status Rocksdb::CheckFormat() {
  std::string value;
  const rocksdb::Status read = db_->Get({}, family(Family::kMeta), kFormatKey, &value);
  if (read.IsNotFound()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    return FromRocksdb(db_->Put(synced, family(Family::kMeta), kFormatKey, std::to_string(kFormatVersion)), "cannot start the store",
                       directory_);
  }
  if (!read.ok()) return FromRocksdb(read, "cannot open the store", directory_);
  if (value == std::to_string(kFormatVersion)) return absl::OkStatus();
  const long version = std::strtol(value.c_str(), nullptr, 10);
  if (version <= 0) {
    return absl::DataLossError(
        fmt::format("the store in {} has no readable format version; restore the directory from a backup", directory_));
  }
  return absl::FailedPreconditionError(
      fmt::format("the store in {} has format {}, this version reads format {}: it was written by a newer version; start that version, or "
                  "restore an older backup",
                  directory_, version, kFormatVersion));
}

std::span<const std::string_view> ExportedFamilies() {
  static constexpr std::array<std::string_view, 5> kNames = {"meta", "resources", "history", "payload", "records"};
  return kNames;
}

rocksdb::ColumnFamilyHandle* FamilyOf(const Rocksdb& database, std::string_view name) {
  for (std::size_t i = 1; i < kFamilyCount; ++i) {
    if (name == kFamilyNames[i]) return database.family(static_cast<Family>(i));
  }
  return nullptr;
}

}  // namespace switchyard::controlplane::store
