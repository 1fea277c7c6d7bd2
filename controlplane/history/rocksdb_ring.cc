// The ring in RocksDB, in a database of its own, so that damage or a full disk here never touches intent.
//
// One column family per tier, with FIFO compaction: only small files are ever rewritten, and when a family passes its share of the cap its oldest file
// goes as a whole. So the cap holds by construction; where the fleet is too large for it, a tier reaches less far back.
// After a write that failed (disk full) RocksDB takes none any more, whatever room there is later: the database is closed and opened again by a later
// write, once there is room for that. Until then what is there is read on.
// Key: group, NUL, time (8 bytes, big-endian). Not synced: the write-ahead log is in the system's hands when Write returns.
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "common/tls/private_file.h"
#include "controlplane/history/ring.h"

namespace switchyard::controlplane::history {
namespace {

constexpr std::array<const char*, kTierCount> kFamilies = {"second.1", "ten-seconds.1", "minute.1"};
// Percent of the cap.
constexpr std::array<std::uint64_t, kTierCount> kShares = {24, 32, 24};
constexpr std::uint64_t kMaxWriteBuffer = std::uint64_t{4} << 20;
// What opening may need on a disk that was full: tables of what the log holds.
constexpr std::uint64_t kReopenBytes = std::uint64_t{2} << 20;

// So small that log, memory and the file by which a tier passes its share fit what the shares leave of the cap.
std::uint64_t WriteBuffer(std::uint64_t cap) { return std::min(kMaxWriteBuffer, cap / 32); }

std::string KeyOf(std::string_view group, std::int64_t time) {
  std::string key(group);
  key.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(static_cast<std::uint64_t>(time) >> shift));
  return key;
}

std::int64_t TimeOf(const rocksdb::Slice& key) {
  std::uint64_t time = 0;
  for (std::size_t i = key.size() - 8; i < key.size(); ++i) time = time << 8 | static_cast<unsigned char>(key[i]);
  return static_cast<std::int64_t>(time);
}

absl::Status ToStatus(const rocksdb::Status& status, const std::string& directory) {
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(fmt::format("history in {}: {}", directory, status.ToString()));
}

rocksdb::Options DatabaseOptions(std::uint64_t cap) {
  rocksdb::Options out;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  out.max_total_wal_size = 3 * WriteBuffer(cap);
  out.db_write_buffer_size = 3 * WriteBuffer(cap);
  // FIFO compaction asks for it; the cap bounds how many files there are.
  out.max_open_files = -1;
  out.max_file_opening_threads = 1;
  out.max_background_jobs = 2;
  out.max_manifest_file_size = 4 << 20;
  out.skip_stats_update_on_db_open = true;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.keep_log_file_num = 3;
  out.max_log_file_size = 1 << 20;
  // Lets the system write steadily instead of all at once.
  out.wal_bytes_per_sync = 1 << 20;
  return out;
}

rocksdb::ColumnFamilyOptions FamilyOptions(std::uint64_t cap, std::uint64_t share) {
  rocksdb::ColumnFamilyOptions out;
  out.write_buffer_size = WriteBuffer(cap);
  out.max_write_buffer_number = 2;
  out.compaction_style = rocksdb::kCompactionStyleFIFO;
  out.compaction_options_fifo.max_table_files_size = share;
  // Joins the small files that the coarse tiers leave behind each time the log is cut.
  out.compaction_options_fifo.allow_compaction = true;
  out.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(1 << 20, 0);
  table.block_size = 16 << 10;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return out;
}

class RocksdbRing final : public Ring {
 public:
  RocksdbRing(std::string directory, std::uint64_t cap) : directory_(std::move(directory)), cap_(cap) {}
  ~RocksdbRing() override { Close(); }

  absl::Status Open() {
    if (auto made = tls::MakePrivateDirectory(directory_); !made.ok()) return made;
    std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, {}}};
    for (std::size_t i = 0; i < kTierCount; ++i) families.emplace_back(kFamilies[i], FamilyOptions(cap_, cap_ * kShares[i] / 100));
    rocksdb::DB* db = nullptr;
    const auto opened = rocksdb::DB::Open(DatabaseOptions(cap_), directory_, families, &handles_, &db);
    db_.reset(db);
    return ToStatus(opened, directory_);
  }

  absl::Status Write(Tier tier, std::int64_t time, const std::map<std::string, Row>& rows) override {
    const std::lock_guard writing(writing_);
    if (failed_) {
      if (auto recovered = Reopen(); !recovered.ok()) return recovered;
    }
    const std::shared_lock open(open_);
    rocksdb::WriteBatch batch;
    for (const auto& [group, row] : rows) batch.Put(Family(tier), KeyOf(group, time), EncodeRow(row));
    const auto written = db_->Write({}, &batch);
    failed_ = !written.ok();
    return ToStatus(written, directory_);
  }

  absl::Status Read(Tier tier, std::string_view group, std::int64_t from, std::int64_t to, const Each& each) const override {
    const std::string first = KeyOf(group, std::max<std::int64_t>(from, 0)), end = KeyOf(group, to + 1);
    const rocksdb::Slice upper(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper;
    options.fill_cache = false;
    const std::shared_lock open(open_);
    if (db_ == nullptr) return absl::InternalError(fmt::format("history in {}: could not be opened again", directory_));
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, Family(tier)));
    Row row;
    for (it->Seek(first); it->Valid(); it->Next()) {
      if (DecodeRow({it->value().data(), it->value().size()}, row)) each(TimeOf(it->key()), row);
    }
    return ToStatus(it->status(), directory_);
  }

  // Files, and the log, which can be as large as what is still in memory.
  std::uint64_t bytes() const override {
    std::error_code error;
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
      const auto size = entry.file_size(error);
      if (!error) sum += size;
    }
    return sum;
  }
  std::uint64_t cap_bytes() const override { return cap_; }

 private:
  void Close() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    handles_.clear();
    db_.reset();
  }

  absl::Status Reopen() {
    std::error_code error;
    const auto space = std::filesystem::space(directory_, error);
    // The open one still reads.
    if (!error && space.available < kReopenBytes) {
      return absl::InternalError(fmt::format("history in {}: the disk is full; goes on by itself with {} KiB of room", directory_, kReopenBytes >> 10U));
    }
    const std::unique_lock alone(open_);
    Close();
    auto opened = Open();
    failed_ = !opened.ok();
    return opened;
  }

  // The first is RocksDB's default, which is empty.
  rocksdb::ColumnFamilyHandle* Family(Tier tier) const { return handles_[static_cast<std::size_t>(tier) + 1]; }

  const std::string directory_;
  const std::uint64_t cap_;
  std::mutex writing_;
  bool failed_ = false;  // by `writing_`
  // Who uses the database holds it shared; who opens it anew, alone.
  mutable std::shared_mutex open_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ring>> OpenRocksdbRing(const std::string& directory, std::uint64_t cap_bytes, std::string& note) {
  const std::uint64_t cap = std::max(cap_bytes, kMinCapBytes);
  auto ring = std::make_unique<RocksdbRing>(directory, cap);
  const auto opened = ring->Open();
  if (opened.ok()) return ring;
  ring.reset();
  // Somebody else's lock is no damage.
  if (opened.message().find("lock") != std::string::npos) return opened;
  const std::string aside = directory + ".damaged";
  std::error_code error;
  std::filesystem::remove_all(aside, error);
  std::filesystem::rename(directory, aside, error);
  if (error) return opened;
  note = fmt::format("{}; put aside as {}, a new one was begun", std::string_view(opened.message().data(), opened.message().size()), aside);
  ring = std::make_unique<RocksdbRing>(directory, cap);
  if (auto again = ring->Open(); !again.ok()) return again;
  return ring;
}

}  // namespace switchyard::controlplane::history
