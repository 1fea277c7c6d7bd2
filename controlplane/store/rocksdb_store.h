// A Store on RocksDB, embedded: one directory on the controller's machine.
//
// One change is one WriteBatch with a synced write-ahead log, over five column families: `resources` (the newest catalog), `history` and
// `payload` (the last generations and what they changed), `records`, and `meta` (format version, generation, revision). The catalog in
// memory is replaced only after the batch is on disk, so it never runs ahead.
//
// Recovery after a crash: an incomplete last record of the log was never acknowledged and is dropped. Damage anywhere else is refused
// (DATA_LOSS), never skipped: skipping would lose acknowledged changes in silence. After a failed write each later write first brings
// RocksDB back (rocksdb_journal.h says how): freeing disk space is enough, no restart is needed.
//
// Secrets are sealed (common/tls/seal.h) in the catalog and in the history, so the log and every file of the directory hold no private key.
//
// Thread-safety: as Store. Cost: a commit is one fsync; resident memory is about 15 MiB above the catalog itself.
// Bounds: see RocksdbOptions and HistoryLimits; RocksDB's own info log is at most 3 files of 1 MiB.
// Errors of opening, each with the directory and a remedy: FAILED_PRECONDITION (in use by another controller, not writable, written by a
// newer version), DATA_LOSS (damaged), INTERNAL (disk full, other I/O). Never UNAVAILABLE: that is how a lost connection looks to a client.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "controlplane/store/history_window.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

struct RocksdbOptions {
  HistoryLimits history;
  // Of one memtable; a larger change is still taken whole.
  std::size_t write_buffer_bytes = 4 << 20;
  std::size_t block_cache_bytes = 4 << 20;
  int max_open_files = 64;
  // The log is cut (its memtables flushed) beyond this.
  std::size_t max_log_bytes = 32 << 20;
  // The key that Secrets are sealed with; made once the directory is ours, if there is none. Empty: Secrets are refused.
  std::string seal_file;
};

// Makes the directory (mode 0700) if it is not there.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksdbStore(const std::string& directory, RocksdbOptions options = {});

}  // namespace switchyard::controlplane::store
