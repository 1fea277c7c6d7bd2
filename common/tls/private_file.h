// Private files: small files with secrets, readable by their owner only, replaced whole or not at all.
//
// Writing: a new file `<path>.<random>.tmp` is made with O_EXCL and mode 0600, filled, fsynced, renamed over `path`, and the directory is
// fsynced. So the secret is at no moment readable by others, a crash leaves the old file or the new one, and a reader never sees half.
//
// Thread-safety: pure functions. Bounds: the caller names the most bytes that it reads.
// Errors: NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED (disk full), FAILED_PRECONDITION (read-only file system, or too open a mode),
// UNAVAILABLE; each names the path, the reason and what to do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace switchyard::tls {

absl::Status WritePrivateFile(const std::string& path, std::string_view content);

// FAILED_PRECONDITION when the file is not a regular file, is readable or writable by group or others, or belongs to another user.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, std::size_t max_bytes);

// Makes the directory (mode 0700) and what is missing above it (mode 0755 and the umask). An existing directory keeps its mode.
absl::Status MakePrivateDirectory(const std::string& path);

}  // namespace switchyard::tls
