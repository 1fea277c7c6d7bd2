// DataDirectory: the folder in which an agent keeps its identity and its last-good configuration, held by one process at a time.
//
// A second agent on the same directory would fight over the same files and the same name in the fleet, so the directory is locked (flock(2)
// on the file `lock`; the kernel gives it back when the process ends, however it ends).
//
// Thread-safety: one owner. Cost: a few system calls at start.
// Errors: PERMISSION_DENIED / UNAVAILABLE with path and reason when it cannot be made or written; ALREADY_EXISTS when another process holds it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace switchyard::agent::config {

class DataDirectory {
 public:
  // Makes the directory (mode 0700) if it is not there.
  static absl::StatusOr<DataDirectory> Open(const std::string& path);
  // Of a process that hands over: `lock` is a copy of the descriptor by which it holds the directory, and is owned from here on. The directory is
  // held until every process that has such a copy has let go. FAILED_PRECONDITION: it is another directory's.
  static absl::StatusOr<DataDirectory> Adopt(const std::string& path, int lock);
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&& other) noexcept;
  ~DataDirectory();

  const std::string& path() const { return path_; }
  // A copy of the lock's descriptor, for who takes over; owned by the caller. -1: none can be had.
  int CopyLock() const;
  // Holds the directory no more. Nothing may be written to it from here on.
  void Release();

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

// Root: /var/lib/switchyard/agent. Others: $XDG_STATE_HOME or ~/.local/state, then /switchyard/agent.
std::string DefaultDataDirectory();

}  // namespace switchyard::agent::config
