#include "controlplane/store/rocksdb_journal.h"

#include <fmt/format.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <system_error>

#include "common/base/status.h"
#include "common/config/resource_key.h"
#include "controlplane/store/rocksdb_keys.h"
#include "controlplane/store/rocksdb_status.h"
#include "controlplane/store/rocksdb_undo.h"

namespace switchyard::controlplane::store {
namespace {

constexpr std::string_view kCannotRead = "cannot read the store";
constexpr std::string_view kCannotWrite = "cannot write to the store";

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Parsed value of a record: revision, then the value itself.
std::optional<Record> ParseRecord(std::string_view key, std::string_view stored) {
  const auto revision = ReadBigEndian(stored.substr(0, 8));
  if (!revision.has_value()) return std::nullopt;
  return Record{std::string(key), std::string(stored.substr(8)), *revision};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> RocksdbJournal::Open(const std::string& directory, const RocksdbOptions& options) {
  auto database = Rocksdb::Open(directory, options);
  if (!database.ok()) return database.status();
  std::shared_ptr<const tls::Seal> seal;
  if (!options.seal_file.empty()) {
    // After the lock on the directory: two controllers must not both make a key.
    auto opened = tls::Seal::Open(options.seal_file, /*may_make=*/true);
    if (!opened.ok()) return opened.status();
    seal = *std::move(opened);
  }
  return std::unique_ptr<Journal>(new RocksdbJournal(directory, options, std::move(seal), std::move(*database)));
}

RocksdbJournal::~RocksdbJournal() { static_cast<void>(Recover()); }

absl::Status RocksdbJournal::Closed() const {
  return absl::InternalError(
      fmt::format("the store in {} is closed after a failed write; it opens again at the next change that succeeds", directory_));
}

absl::Status RocksdbJournal::Damaged(std::string_view what) const {
  return absl::DataLossError(
      fmt::format("the store in {} is damaged: {}; keep a copy of the directory and restore it from a backup", directory_, what));
}

absl::StatusOr<JournalState> RocksdbJournal::Load() {
  auto catalog = std::make_shared<Catalog>();
  JournalState state;
  auto generation = GetNumber(kGenerationKey);
  if (!generation.ok()) return generation.status();
  catalog->generation = *generation;
  auto revision = GetNumber(kRevisionKey);
  if (!revision.ok()) return revision.status();
  state.revision = *revision;
  if (auto loaded = LoadCatalog(*catalog); !loaded.ok()) return loaded;
  if (auto loaded = LoadHistory(state.history); !loaded.ok()) return loaded;
  state.catalog = std::move(catalog);
  return state;
}

absl::Status RocksdbJournal::LoadCatalog(Catalog& catalog) const {
  const std::unique_ptr<rocksdb::Iterator> at(database_->db().NewIterator({}, database_->family(Family::kResources)));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    auto resource = std::make_shared<v1::Resource>();
    const auto read = bytes_.Read(View(at->value()), View(at->key()), *resource);
    if (!read.ok()) return Annotate(read.status(), directory_);
    const bool whole = *read && View(at->key()) == ResourceKeyBytes(config::KindOf(*resource), resource->name()) &&
                       resource->generation() <= catalog.generation;
    if (!whole)
      return Damaged(fmt::format("resource \"{}\" cannot be read", View(at->key()).substr(std::min<std::size_t>(4, at->key().size()))));
    catalog.resources.emplace(Catalog::Key(config::KindOf(*resource), resource->name()), std::move(resource));
  }
  return FromRocksdb(at->status(), kCannotRead, directory_);
}

absl::Status RocksdbJournal::LoadHistory(std::vector<std::pair<std::uint64_t, std::uint64_t>>& history) const {
  const std::unique_ptr<rocksdb::Iterator> at(database_->db().NewIterator({}, database_->family(Family::kHistory)));
  for (at->Seek("s"); at->Valid() && at->key().starts_with("s"); at->Next()) {
    const auto generation = ReadBigEndian(View(at->key()).substr(1));
    const auto bytes = ReadBigEndian(View(at->value()));
    if (!generation.has_value() || !bytes.has_value()) return Damaged("the index of the history cannot be read");
    history.emplace_back(*generation, *bytes);
  }
  return FromRocksdb(at->status(), kCannotRead, directory_);
}

absl::Status RocksdbJournal::WriteChange(const JournalChange& change) {
  if (auto ready = Recover(); !ready.ok()) return ready;
  const std::uint64_t generation = change.record.entry.generation();
  rocksdb::WriteBatch batch;
  v1::WatchResponse payload;
  for (const v1::Resource& resource : change.record.resources) {
    const std::string key = ResourceKeyBytes(config::KindOf(resource), resource.name());
    const auto bytes = bytes_.Write(resource, key);
    if (!bytes.ok()) return bytes.status();
    batch.Put(database_->family(Family::kResources), key, *bytes);
    *payload.add_resources() = resource;
  }
  const auto sealed = bytes_.Write(payload, BigEndian(generation));
  if (!sealed.ok()) return sealed.status();
  for (const v1::Change& edit : change.record.entry.changes()) {
    if (edit.action() != v1::Change::ACTION_DELETED) continue;
    batch.Delete(database_->family(Family::kResources), ResourceKeyBytes(edit.key().kind(), edit.key().name()));
  }
  batch.Put(database_->family(Family::kHistory), SizeKey(generation), BigEndian(change.bytes));
  batch.Put(database_->family(Family::kHistory), EntryKey(generation), change.record.entry.SerializeAsString());
  batch.Put(database_->family(Family::kPayload), BigEndian(generation), *sealed);
  for (std::uint64_t old = change.trim_from; old < change.trim_to; ++old) {
    batch.Delete(database_->family(Family::kHistory), SizeKey(old));
    batch.Delete(database_->family(Family::kHistory), EntryKey(old));
    batch.Delete(database_->family(Family::kPayload), BigEndian(old));
  }
  batch.Put(database_->family(Family::kMeta), kGenerationKey, BigEndian(generation));
  return Write(batch);
}

absl::Status RocksdbJournal::Write(rocksdb::WriteBatch& batch) {
  absl::Status written = WriteOnce(batch);
  if (written.ok()) return written;
  // Once more: the first try may have failed because of an earlier error of background work whose cause is gone by now.
  if (auto recovered = Recover(); !recovered.ok()) return recovered;
  return WriteOnce(batch);
}

absl::Status RocksdbJournal::WriteOnce(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status written = database_->db().Write(synced, &batch);
  if (written.ok()) return absl::OkStatus();
  failed_ = batch;
  undo_.reset();
  return FromRocksdb(written, kCannotWrite, directory_);
}

absl::Status RocksdbJournal::Recover() {
  if (!failed_.has_value()) return absl::OkStatus();
  if (auto taken = TakeUndo(); !taken.ok()) return taken;
  if (auto space = CheckSpace(); !space.ok()) return space;
  return Reopen();
}

// Without it the database stays open: opened again it might show what the caller was told had failed.
absl::Status RocksdbJournal::TakeUndo() {
  if (undo_.has_value()) return absl::OkStatus();
  auto inverse = InverseOf(*failed_, *database_);
  if (!inverse.ok()) return inverse.status();
  undo_ = std::move(*inverse);
  return absl::OkStatus();
}

absl::Status RocksdbJournal::CheckSpace() const {
  std::error_code unknown;
  const auto space = std::filesystem::space(directory_, unknown);
  if (unknown || space.available >= kReopenBytes) return absl::OkStatus();
  return FromRocksdb(rocksdb::Status::NoSpace(), kCannotWrite, directory_);
}

absl::Status RocksdbJournal::Reopen() {
  const std::unique_lock lock(open_);
  database_ = nullptr;
  auto again = Rocksdb::Open(directory_, options_);
  if (!again.ok()) return again.status();
  database_ = std::move(*again);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (auto undone = database_->db().Write(synced, &*undo_); !undone.ok()) {
    // It may show the failed write: rather closed.
    database_ = nullptr;
    return FromRocksdb(undone, kCannotWrite, directory_);
  }
  failed_.reset();
  undo_.reset();
  return absl::OkStatus();
}

absl::StatusOr<std::string> RocksdbJournal::Get(Family family, const std::string& key) const {
  const std::shared_lock lock(open_);
  if (database_ == nullptr) return Closed();
  std::string value;
  const rocksdb::Status read = database_->db().Get({}, database_->family(family), key, &value);
  if (read.IsNotFound()) return absl::NotFoundError("");
  if (!read.ok()) return FromRocksdb(read, kCannotRead, directory_);
  return value;
}

absl::StatusOr<std::uint64_t> RocksdbJournal::GetNumber(const char* meta_key) const {
  auto stored = Get(Family::kMeta, meta_key);
  if (absl::IsNotFound(stored.status())) return std::uint64_t{0};
  if (!stored.ok()) return stored.status();
  const auto value = ReadBigEndian(*stored);
  if (!value.has_value()) return Damaged(fmt::format("\"{}\" cannot be read", meta_key));
  return *value;
}

absl::StatusOr<v1::HistoryEntry> RocksdbJournal::ReadEntry(std::uint64_t generation) const {
  auto stored = Get(Family::kHistory, EntryKey(generation));
  if (absl::IsNotFound(stored.status())) return NoSuchGeneration(generation);
  if (!stored.ok()) return stored.status();
  v1::HistoryEntry entry;
  if (!entry.ParseFromString(*stored)) return Damaged(fmt::format("history of generation {} cannot be read", generation));
  return entry;
}

absl::StatusOr<ChangeRecord> RocksdbJournal::ReadChange(std::uint64_t generation) const {
  auto entry = ReadEntry(generation);
  if (!entry.ok()) return entry.status();
  auto stored = Get(Family::kPayload, BigEndian(generation));
  if (absl::IsNotFound(stored.status())) return NoSuchGeneration(generation);
  if (!stored.ok()) return stored.status();
  v1::WatchResponse payload;
  const auto read = bytes_.Read(*stored, BigEndian(generation), payload);
  if (!read.ok()) return Annotate(read.status(), directory_);
  if (!*read) return Damaged(fmt::format("resources of generation {} cannot be read", generation));
  ChangeRecord record;
  record.entry = std::move(*entry);
  for (v1::Resource& resource : *payload.mutable_resources()) record.resources.push_back(std::move(resource));
  return record;
}

absl::Status RocksdbJournal::WriteRecords(const std::vector<Record>& records) {
  if (auto ready = Recover(); !ready.ok()) return ready;
  rocksdb::WriteBatch batch;
  for (const Record& record : records) {
    batch.Put(database_->family(Family::kRecords), record.key, BigEndian(record.revision) + record.value);
    batch.Put(database_->family(Family::kMeta), kRevisionKey, BigEndian(record.revision));
  }
  return Write(batch);
}

absl::Status RocksdbJournal::EraseRecord(const std::string& key, std::uint64_t revision) {
  if (auto ready = Recover(); !ready.ok()) return ready;
  rocksdb::WriteBatch batch;
  batch.Delete(database_->family(Family::kRecords), key);
  batch.Put(database_->family(Family::kMeta), kRevisionKey, BigEndian(revision));
  return Write(batch);
}

absl::StatusOr<Record> RocksdbJournal::ReadRecord(const std::string& key) const {
  auto stored = Get(Family::kRecords, key);
  if (absl::IsNotFound(stored.status())) return NoSuchRecord(key);
  if (!stored.ok()) return stored.status();
  auto record = ParseRecord(key, *stored);
  if (!record.has_value()) return Damaged("a record cannot be read");
  return std::move(*record);
}

absl::StatusOr<std::vector<Record>> RocksdbJournal::ReadRecords(const std::string& prefix) const {
  const std::shared_lock lock(open_);
  if (database_ == nullptr) return Closed();
  const std::unique_ptr<rocksdb::Iterator> at(database_->db().NewIterator({}, database_->family(Family::kRecords)));
  std::vector<Record> found;
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    auto record = ParseRecord(View(at->key()), View(at->value()));
    if (!record.has_value()) return Damaged("a record cannot be read");
    found.push_back(std::move(*record));
  }
  if (auto read = FromRocksdb(at->status(), kCannotRead, directory_); !read.ok()) return read;
  return found;
}

absl::Status RocksdbJournal::Export(const std::function<absl::Status(const ExportFacts&)>& begin,
                                    const std::function<absl::Status(const StoredPair&)>& take) const {
  const std::shared_lock lock(open_);
  if (database_ == nullptr) return Closed();
  // One moment for all families. Writers go on; reopening after a failed write waits until this is done.
  const auto release = [this](const rocksdb::Snapshot* snapshot) { database_->db().ReleaseSnapshot(snapshot); };
  const std::unique_ptr<const rocksdb::Snapshot, decltype(release)> moment(database_->db().GetSnapshot(), release);
  rocksdb::ReadOptions then;
  then.snapshot = moment.get();
  then.fill_cache = false;
  std::string generation;
  const rocksdb::Status read = database_->db().Get(then, database_->family(Family::kMeta), kGenerationKey, &generation);
  if (!read.ok() && !read.IsNotFound()) return FromRocksdb(read, kCannotRead, directory_);
  if (absl::Status begun = begin({kFormatVersion, ReadBigEndian(generation).value_or(0)}); !begun.ok()) return begun;
  for (const std::string_view name : ExportedFamilies()) {
    const std::unique_ptr<rocksdb::Iterator> at(database_->db().NewIterator(then, FamilyOf(*database_, name)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (absl::Status taken = take({name, View(at->key()), View(at->value())}); !taken.ok()) return taken;
    }
    if (absl::Status walked = FromRocksdb(at->status(), kCannotRead, directory_); !walked.ok()) return walked;
  }
  return absl::OkStatus();
}

}  // namespace switchyard::controlplane::store
