#include "controlplane/store/journaled_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace switchyard::controlplane::store {
namespace {

constexpr std::size_t kMaxRecordKey = 512;
constexpr std::size_t kMaxRecordValue = 1 << 20;
constexpr std::size_t kMaxHistoryPage = 32 << 20;

std::uint64_t SizeOf(const ChangeRecord& record) {
  std::uint64_t size = record.entry.ByteSizeLong();
  for (const v1::Resource& resource : record.resources) size += resource.ByteSizeLong();
  return size;
}

absl::StatusOr<std::string> JournalKey(std::string_view section, std::string_view key) {
  const bool fits = !section.empty() && !key.empty() && section.size() + key.size() < kMaxRecordKey &&
                    section.find('\0') == std::string_view::npos && key.find('\0') == std::string_view::npos;
  if (!fits) return absl::InvalidArgumentError(fmt::format("record key: expected 1-{} bytes without NUL", kMaxRecordKey));
  std::string joined(section);
  joined += '\0';
  joined += key;
  return joined;
}

absl::Status CheckRevision(std::string_view key, std::uint64_t present, std::optional<std::uint64_t> expected) {
  if (!expected.has_value() || *expected == present) return absl::OkStatus();
  return absl::AbortedError(fmt::format("record {}: expected revision {}, but it is {}", key, *expected, present));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> JournaledStore::Open(std::unique_ptr<Journal> journal, HistoryLimits limits) {
  auto state = journal->Load();
  if (!state.ok()) return state.status();
  for (std::size_t i = 1; i < state->history.size(); ++i) {
    if (state->history[i].first != state->history[i - 1].first + 1) {
      return absl::DataLossError(fmt::format("the history has a gap after generation {}", state->history[i - 1].first));
    }
  }
  if (!state->history.empty() && state->history.back().first != state->catalog->generation) {
    return absl::DataLossError(
        fmt::format("the history ends at generation {}, the catalog is at {}", state->history.back().first, state->catalog->generation));
  }
  return std::unique_ptr<Store>(new JournaledStore(std::move(journal), *state, limits));
}

JournaledStore::JournaledStore(std::unique_ptr<Journal> journal, const JournalState& state, HistoryLimits limits)
    : journal_(std::move(journal)),
      revision_(state.revision),
      catalog_(state.catalog),
      window_({state.history.size() + 1, ~0ull}),
      watchers_(state.catalog->generation) {
  // A smaller limit than at the last start is honoured at the next commit: what is on disk is what counts until then.
  for (const auto& [generation, bytes] : state.history) window_.Add(generation, bytes);
  window_.SetLimits(limits);
}

absl::Status JournaledStore::Write(const ChangeStep& step) {
  JournalChange change{step.record, SizeOf(step.record)};
  change.trim_from = window_.oldest();
  change.trim_to = window_.OldestKeptWith(step.next->generation, change.bytes);
  if (window_.empty()) change.trim_from = change.trim_to;
  if (auto written = journal_->WriteChange(change); !written.ok()) return written;
  const std::lock_guard lock(read_);
  window_.Add(step.next->generation, change.bytes);
  catalog_ = step.next;
  return absl::OkStatus();
}

absl::StatusOr<v1::HistoryEntry> JournaledStore::Commit(const Transaction& transaction) {
  absl::StatusOr<ChangeStep> step;
  {
    const std::lock_guard lock(write_);
    step = ApplyTransaction(*catalog_, transaction);
    if (!step.ok()) return step.status();
    if (step->next == nullptr) return std::move(step->answer);
    if (auto written = Write(*step); !written.ok()) return written;
  }
  watchers_.Deliver(step->record, step->next);
  return std::move(step->answer);
}

std::shared_ptr<const Catalog> JournaledStore::Read() const {
  const std::lock_guard lock(read_);
  return catalog_;
}

absl::StatusOr<std::vector<v1::HistoryEntry>> JournaledStore::History(std::uint64_t before, std::size_t limit) const {
  std::uint64_t newest = 0;
  {
    const std::lock_guard lock(read_);
    newest = window_.newest();
  }
  std::vector<v1::HistoryEntry> entries;
  std::uint64_t next = before == 0 ? newest : std::min(newest, before - 1);
  for (std::size_t bytes = 0; next != 0 && entries.size() < limit && bytes < kMaxHistoryPage; --next) {
    auto entry = journal_->ReadEntry(next);
    // Not found: trimmed, perhaps just now.
    if (entry.status().code() == absl::StatusCode::kNotFound) break;
    if (!entry.ok()) return entry.status();
    bytes += entry->ByteSizeLong();
    entries.push_back(std::move(*entry));
  }
  return entries;
}

absl::StatusOr<ChangeRecord> JournaledStore::ChangeAt(std::uint64_t generation) const { return journal_->ReadChange(generation); }

std::uint64_t JournaledStore::OldestGeneration() const {
  const std::lock_guard lock(read_);
  return window_.oldest();
}

std::unique_ptr<Subscription> JournaledStore::Watch(OnChange on_change) {
  // Under the reader's lock: a commit is either in the catalog that the watcher reads next, or it is told.
  const std::lock_guard lock(read_);
  return watchers_.Add(catalog_->generation, std::move(on_change));
}

absl::StatusOr<std::uint64_t> JournaledStore::RevisionOf(const std::string& key) const {
  auto record = journal_->ReadRecord(key);
  if (record.ok()) return record->revision;
  if (record.status().code() == absl::StatusCode::kNotFound) return std::uint64_t{0};
  return record.status();
}

absl::StatusOr<Record> JournaledStore::GetRecord(std::string_view section, std::string_view key) const {
  auto joined = JournalKey(section, key);
  if (!joined.ok()) return joined.status();
  auto record = journal_->ReadRecord(*joined);
  if (record.ok()) record->key = std::string(key);
  return record;
}

absl::StatusOr<std::vector<Record>> JournaledStore::ListRecords(std::string_view section) const {
  std::string prefix(section);
  prefix += '\0';
  auto records = journal_->ReadRecords(prefix);
  if (!records.ok()) return records;
  for (Record& record : *records) record.key.erase(0, prefix.size());
  return records;
}

absl::StatusOr<std::uint64_t> JournaledStore::PutRecord(std::string_view section, std::string_view key, std::string_view value,
                                                        std::optional<std::uint64_t> expected) {
  const RecordPut put{std::string(section), std::string(key), std::string(value), expected};
  return PutRecords({&put, 1});
}

absl::StatusOr<std::uint64_t> JournaledStore::PutRecords(std::span<const RecordPut> puts) {
  if (puts.empty() || puts.size() > kMostPuts) return absl::InvalidArgumentError(fmt::format("{} records at once; 1-{}", puts.size(), kMostPuts));
  std::vector<Record> records;
  for (const RecordPut& put : puts) {
    auto joined = JournalKey(put.section, put.key);
    if (!joined.ok()) return joined.status();
    if (put.value.size() > kMaxRecordValue) return absl::InvalidArgumentError(fmt::format("record {}: larger than {} bytes", put.key, kMaxRecordValue));
    if (std::any_of(records.begin(), records.end(), [&](const Record& one) { return one.key == *joined; })) {
      return absl::InvalidArgumentError(fmt::format("record {}: twice", put.key));
    }
    records.push_back({std::move(*joined), put.value, 0});
  }
  const std::lock_guard lock(write_);
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto present = RevisionOf(records[i].key);
    if (!present.ok()) return present.status();
    if (auto fit = CheckRevision(puts[i].key, *present, puts[i].expected); !fit.ok()) return fit;
    records[i].revision = revision_ + 1 + i;
  }
  if (auto written = journal_->WriteRecords(records); !written.ok()) return written;
  revision_ += records.size();
  return records.front().revision;
}

absl::Status JournaledStore::DeleteRecord(std::string_view section, std::string_view key, std::optional<std::uint64_t> expected) {
  auto joined = JournalKey(section, key);
  if (!joined.ok()) return joined.status();
  const std::lock_guard lock(write_);
  auto present = RevisionOf(*joined);
  if (!present.ok()) return present.status();
  if (*present == 0) return absl::NotFoundError(fmt::format("record {} does not exist", key));
  if (auto fit = CheckRevision(key, *present, expected); !fit.ok()) return fit;
  if (auto erased = journal_->EraseRecord(*joined, revision_ + 1); !erased.ok()) return erased;
  ++revision_;
  return absl::OkStatus();
}

}  // namespace switchyard::controlplane::store
