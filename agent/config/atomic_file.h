// AtomicFile: files that are wholly there or wholly the old ones, whatever happens meanwhile.
//
// WriteFileAtomically: temporary file in the same directory, write, fsync, rename over the target, fsync the directory. After an OK the
// bytes survive a power cut (with Durability::kLater: the death of the process, and SyncFile makes up for the rest); after an error (disk
// full, read-only directory) the old file is untouched and the temporary one is gone. The temporary file's name is fixed (`<path>.new`), so
// that kills leave at most one behind.
//
// Thread-safety: any thread, one writer per path. Cost: two fsyncs (milliseconds, on a busy disk far more); never call it on a thread that must not wait.
// Bounds: ReadWholeFile refuses files above its limit. Errors: the failed step, the path and the system's reason.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace switchyard::agent::config {

enum class Durability : std::uint8_t { kNow, kLater };

// `mode`: permissions of the new file, e.g. 0600.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes, mode_t mode, Durability durability = Durability::kNow);
// Syncs the file and its directory.
absl::Status SyncFile(const std::string& path);
// NOT_FOUND: there is no such file. RESOURCE_EXHAUSTED: it is larger than `limit`.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t limit);

}  // namespace switchyard::agent::config
