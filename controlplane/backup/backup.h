// Backup: everything that a controller keeps, at one committed generation, as one file; and what a controller makes of such a file.
//
// In it: the catalog, the history, the records (tokens, enrolments), and the fleet's authority, whose key is sealed with `seal.key`. Not in it:
// `seal.key` itself, which is to be kept apart, the controller's own leaf and the admin credential, which are made anew.
//
// Thread-safety: any thread; writers of the store go on meanwhile. Cost: one read of the store. Errors: the store's; FAILED_PRECONDITION and
// DATA_LOSS as backup_file.h; a seal.key that is not the one that sealed: DATA_LOSS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/tls/seal.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/backup.pb.h"

namespace switchyard::controlplane::backup {

struct BackupParts {
  const store::Store* store = nullptr;
  std::shared_ptr<const tls::Seal> seal;
  const Clock* clock = nullptr;
  std::string data_dir;
  std::string version;
  std::string trust_domain;
};

// A descriptor; closed with it. The file has no name: it goes with the last who holds it.
class TemporaryFile {
 public:
  // In `directory`, which must have room for it.
  static absl::StatusOr<std::unique_ptr<TemporaryFile>> Make(const std::string& directory);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  absl::Status Append(std::string_view bytes);
  // At most 1 MiB from there; empty at the end.
  absl::StatusOr<std::string> Read(std::uint64_t from) const;
  int descriptor() const { return fd_; }

 private:
  explicit TemporaryFile(int fd) : fd_(fd) {}
  const int fd_;
};

absl::StatusOr<std::unique_ptr<TemporaryFile>> MakeBackup(const BackupParts& parts);

struct Restorable {
  std::uint64_t generation = 0;
  std::vector<v1::Resource> resources;
};
// The resources of a backup file, for making them the newest generation.
absl::StatusOr<Restorable> ReadResources(int file, const tls::Seal& seal);

// Makes a data directory out of a backup file: store, authority and `seal.key` (a copy of `seal_file`; empty: the one that lies in the directory).
// The directory must have no store.
absl::Status RestoreDirectory(const std::string& data_dir, const std::string& backup, const std::string& seal_file);

}  // namespace switchyard::controlplane::backup
