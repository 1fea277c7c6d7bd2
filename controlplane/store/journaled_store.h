// JournaledStore: the one implementation of Store's logic, over any Journal.
//
// Order of a commit: decide (pure step), write to the journal, publish the catalog, tell the watchers. A failure before the publish leaves
// everything as it was.
//
// Thread-safety: as Store. Writers go one by one through `write_`, held across the journal's fsync; readers never wait for it.
// Bounds: record keys 512 bytes, values 1 MiB, of a page of history 32 MiB.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "controlplane/store/change_step.h"
#include "controlplane/store/history_window.h"
#include "controlplane/store/journal.h"
#include "controlplane/store/store.h"
#include "controlplane/store/watchers.h"

namespace switchyard::controlplane::store {

class JournaledStore final : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(std::unique_ptr<Journal> journal, HistoryLimits limits);

  absl::StatusOr<v1::HistoryEntry> Commit(const Transaction& transaction) override;
  std::shared_ptr<const Catalog> Read() const override;
  absl::StatusOr<std::vector<v1::HistoryEntry>> History(std::uint64_t before, std::size_t limit) const override;
  absl::StatusOr<ChangeRecord> ChangeAt(std::uint64_t generation) const override;
  std::uint64_t OldestGeneration() const override;
  std::unique_ptr<Subscription> Watch(OnChange on_change) override;
  absl::StatusOr<Record> GetRecord(std::string_view section, std::string_view key) const override;
  absl::StatusOr<std::vector<Record>> ListRecords(std::string_view section) const override;
  absl::StatusOr<std::uint64_t> PutRecord(std::string_view section, std::string_view key, std::string_view value,
                                          std::optional<std::uint64_t> expected) override;
  absl::StatusOr<std::uint64_t> PutRecords(std::span<const RecordPut> puts) override;
  absl::Status DeleteRecord(std::string_view section, std::string_view key, std::optional<std::uint64_t> expected) override;
  absl::Status Export(const std::function<absl::Status(const ExportFacts&)>& begin,
                      const std::function<absl::Status(const StoredPair&)>& take) const override {
    return journal_->Export(begin, take);
  }

 private:
  JournaledStore(std::unique_ptr<Journal> journal, const JournalState& state, HistoryLimits limits);
  absl::Status Write(const ChangeStep& step);
  // The revision of a record now; 0 when it is not there. REQUIRES: write_ is held.
  absl::StatusOr<std::uint64_t> RevisionOf(const std::string& key) const;

  const std::unique_ptr<Journal> journal_;
  // Held by writers, always before `read_`.
  std::mutex write_;
  std::uint64_t revision_;
  // Guards what readers see.
  mutable std::mutex read_;
  std::shared_ptr<const Catalog> catalog_;
  HistoryWindow window_;
  Watchers watchers_;
};

}  // namespace switchyard::controlplane::store
