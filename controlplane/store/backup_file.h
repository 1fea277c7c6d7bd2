// BackupFile: the form of a backup file (proto/switchyard/v1/backup.proto): frames, a sum, an end.
//
// A writer hands out bytes as it goes; a reader looks at the whole file first (sum, end, version) and only then gives any of it out, so nobody acts
// on half a file. Thread-safety: one owner. Cost: one pass to write, two to read. Bounds: a frame of 64 MiB; a file of 4 GiB.
// Errors: DATA_LOSS: cut short, changed, or no backup file; FAILED_PRECONDITION: of a newer version.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tls/sha256.h"
#include "switchyard/v1/backup.pb.h"

namespace switchyard::controlplane::store {

inline constexpr std::uint32_t kBackupVersion = 1;
inline constexpr std::string_view kBackupMagic = "SWYDBAK\n";

class BackupWriter {
 public:
  using Sink = std::function<absl::Status(std::string_view bytes)>;
  explicit BackupWriter(Sink sink) : sink_(std::move(sink)) {}

  // First, once. The version is filled in.
  absl::Status Begin(v1::BackupHeader header);
  absl::Status Add(const v1::BackupFrame& frame);
  absl::Status End();

 private:
  absl::Status Put(std::string_view bytes);

  const Sink sink_;
  tls::Sha256Stream sum_;
  std::uint64_t frames_ = 0;
};

// `file` is an open descriptor that can be read at any place; it stays the caller's. The header, once the whole file has been found in order.
absl::StatusOr<v1::BackupHeader> CheckBackup(int file);
// Every frame between header and end, in order, until `take` fails. REQUIRES: CheckBackup was OK.
absl::Status ReadBackup(int file, const std::function<absl::Status(const v1::BackupFrame&)>& take);

}  // namespace switchyard::controlplane::store
