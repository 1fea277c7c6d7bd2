#include "controlplane/store/rocksdb_status.h"

#include <fmt/format.h>

#include <string>

namespace switchyard::controlplane::store {
namespace {

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

bool IsFull(const rocksdb::Status& status, const std::string& text) {
  return status.IsNoSpace() || Has(text, "No space left") || Has(text, "Disk quota exceeded") || Has(text, "File too large");
}

bool IsDamage(const rocksdb::Status& status, const std::string& text) {
  return status.IsCorruption() || Has(text, "Corruption") || Has(text, "CURRENT file does not end with newline");
}

}  // namespace

absl::Status FromRocksdb(const rocksdb::Status& status, std::string_view doing, std::string_view directory) {
  if (status.ok()) return absl::OkStatus();
  const std::string reason = status.ToString();
  const auto text = [&](std::string_view remedy) { return fmt::format("{} in {}: {}; {}", doing, directory, reason, remedy); };
  if (IsFull(status, reason)) {
    return absl::InternalError(text("the disk (or quota) is full: free some space, then try again; no restart is needed"));
  }
  if (Has(reason, "While lock file") || Has(reason, "lock hold by current process")) {
    return absl::FailedPreconditionError(
        text("another controller uses this directory: stop it, or start this one with another data directory"));
  }
  if (IsDamage(status, reason)) {
    return absl::DataLossError(
        text("the data is damaged: keep a copy of the directory, check the disk, and restore the directory from a backup"));
  }
  if (Has(reason, "Permission denied") || Has(reason, "Read-only file system")) {
    return absl::FailedPreconditionError(text("the directory is not writable: change its owner or mode, or mount it writable"));
  }
  return absl::InternalError(text("check the disk and the kernel's log; the call may be tried again"));
}

}  // namespace switchyard::controlplane::store
