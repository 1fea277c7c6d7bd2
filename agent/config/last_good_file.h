// LastGoodFile: the last snapshot that this agent served, kept on disk so that it can start without a controller.
//
// Files in the data directory: `snapshot.last`, and `snapshot.previous` which was `snapshot.last` before. Each is written as a whole
// (agent/config/atomic_file.h) and checked as a whole (agent/config/last_good_codec.h).
//
// Order, for each generation: 1. all workers serve it (ConfigSink::Apply is done); 2. `snapshot.last`, if it is known to be on the disk (or there is
// no other), also becomes `snapshot.previous`; 3. the new `snapshot.last` is written beside and renamed into place; 4. only then the controller is told;
// 5. after a second of quiet, or 100 changes without one, it is synced, by another thread than the one that writes. So:
// - killed before 3 ends, the next start serves the generation before, the last that the controller knows of; killed after it, the new one;
// - after a power cut, a `snapshot.last` that step 5 had not reached may be torn; then the start falls back to a `previous` that was synced;
// - telling the controller never waits for the disk, which twenty agents on one host may share;
// - a generation is never written before it has been applied: one that brings an agent down cannot do so again at each start.
//
// Load takes `snapshot.last`; if that is missing, torn, corrupted, empty or too large it takes `snapshot.previous` and says why.
// A failed write (disk full, read-only directory) changes neither file's content, is reported, and does not hold up the configuration.
//
// Thread-safety: LastGoodFile: one thread at a time, and one more that calls only Sync. LastGoodWriter: any thread.
// Bounds: 128 MiB per file; the writer holds one snapshot being written and one waiting (a newer one replaces it).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::config {

class LastGoodFile {
 public:
  // `directory` must be there.
  explicit LastGoodFile(const std::string& directory);

  struct Loaded {
    v1::Snapshot snapshot;
    // Why `snapshot.last` was not good enough; empty when it was.
    std::string fallback_reason;
    // When the file was written.
    WallTime written{};
  };
  // NOT_FOUND: there is neither file (a first start). DATA_LOSS: there are files, but none is usable; the message says why for each.
  absl::StatusOr<Loaded> Load() const;
  // Steps 2 and 3.
  absl::Status Write(const v1::Snapshot& snapshot);
  // Step 5. OK when there is nothing to sync.
  absl::Status Sync();
  // Write, then Sync.
  absl::Status Store(const v1::Snapshot& snapshot);

  const std::string& last_path() const { return last_; }
  const std::string& previous_path() const { return previous_; }

 private:
  std::string last_;
  std::string previous_;
  // Counts what has been written to `last_`; and up to which of it the disk has. Equal: what is in `last_` survives a power cut.
  std::atomic<std::uint64_t> written_{1};
  std::atomic<std::uint64_t> synced_{0};
};

// Writes on one thread and syncs on another: a busy disk may take many seconds for a sync, and no acknowledgement should wait for it.
class LastGoodWriter {
 public:
  // `sync_failed` is told, on the syncing thread, when step 5 fails; the next write brings the next try.
  explicit LastGoodWriter(const std::string& directory, std::function<void(absl::Status)> sync_failed = {});
  // Ends what is being written; what waits is dropped, and its `done` is told CANCELLED.
  ~LastGoodWriter();
  LastGoodWriter(const LastGoodWriter&) = delete;
  LastGoodWriter& operator=(const LastGoodWriter&) = delete;

  // `done` runs once the snapshot is written (step 3), on the writer's thread or (when a newer snapshot takes its place: ABORTED) on the caller's of that one.
  void Store(v1::Snapshot snapshot, std::function<void(absl::Status)> done);

 private:
  using Job = std::pair<v1::Snapshot, std::function<void(absl::Status)>>;
  void WriteJobs();
  void SyncWrites();
  // The next job, or none when it is time to stop.
  std::optional<Job> Next();

  LastGoodFile file_;
  const std::function<void(absl::Status)> sync_failed_;
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::condition_variable job_written_;
  std::optional<Job> waiting_;
  // Writes so far. It starts at what makes the first sync come at once.
  std::uint64_t writes_;
  bool stop_ = false;
  bool no_more_writes_ = false;
  std::thread writer_;
  std::thread syncer_;
};

}  // namespace switchyard::agent::config
