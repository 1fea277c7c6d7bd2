#include "controlplane/store/memory_store.h"

#include <map>
#include <mutex>
#include <utility>

#include "controlplane/store/journal.h"
#include "controlplane/store/journaled_store.h"

namespace switchyard::controlplane::store {
namespace {

class MemoryJournal final : public Journal {
 public:
  absl::StatusOr<JournalState> Load() override {
    JournalState state;
    state.catalog = std::make_shared<const Catalog>();
    return state;
  }

  absl::Status WriteChange(const JournalChange& change) override {
    const std::lock_guard lock(mutex_);
    changes_.erase(changes_.lower_bound(change.trim_from), changes_.lower_bound(change.trim_to));
    changes_.emplace(change.record.entry.generation(), change.record);
    return absl::OkStatus();
  }

  absl::StatusOr<v1::HistoryEntry> ReadEntry(std::uint64_t generation) const override {
    auto change = ReadChange(generation);
    if (!change.ok()) return change.status();
    return std::move(change->entry);
  }

  absl::StatusOr<ChangeRecord> ReadChange(std::uint64_t generation) const override {
    const std::lock_guard lock(mutex_);
    const auto at = changes_.find(generation);
    if (at == changes_.end()) return NoSuchGeneration(generation);
    return at->second;
  }

  absl::Status WriteRecords(const std::vector<Record>& records) override {
    const std::lock_guard lock(mutex_);
    for (const Record& record : records) records_[record.key] = record;
    return absl::OkStatus();
  }

  absl::Status EraseRecord(const std::string& key, std::uint64_t) override {
    const std::lock_guard lock(mutex_);
    records_.erase(key);
    return absl::OkStatus();
  }

  absl::StatusOr<Record> ReadRecord(const std::string& key) const override {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find(key);
    if (at == records_.end()) return NoSuchRecord(key);
    return at->second;
  }

  absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<Record> found;
    for (auto at = records_.lower_bound(prefix); at != records_.end() && at->first.starts_with(prefix); ++at) found.push_back(at->second);
    return found;
  }
  absl::Status Export(const std::function<absl::Status(const ExportFacts&)>&, const std::function<absl::Status(const StoredPair&)>&) const override {
    return absl::UnimplementedError("this controller keeps its store in memory; there is nothing to back up");
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, ChangeRecord> changes_;
  std::map<std::string, Record> records_;
};

}  // namespace

std::unique_ptr<Store> OpenMemoryStore(HistoryLimits limits) {
  // An empty journal always opens.
  return *JournaledStore::Open(std::make_unique<MemoryJournal>(), limits);
}

}  // namespace switchyard::controlplane::store
