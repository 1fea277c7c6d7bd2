#include "agent/config/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "common/tls/private_file.h"
#include "fmt/format.h"

namespace switchyard::agent::config {

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  if (absl::Status made = switchyard::tls::MakePrivateDirectory(path); !made.ok()) return made;
  const std::string lock_path = path + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return absl::PermissionDeniedError(fmt::format("data directory {} cannot be written ({}); give another with --data-dir", path,
                                                   std::generic_category().message(errno)));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(lock);
    if (error == EWOULDBLOCK) {
      return absl::AlreadyExistsError(fmt::format("data directory {} is in use by another agent; give each its own with --data-dir, or "
                                                  "take its place with --take-over", path));
    }
    return absl::UnavailableError(fmt::format("data directory {}: lock: {}", path, std::generic_category().message(error)));
  }
  return DataDirectory(path, lock);
}

absl::StatusOr<DataDirectory> DataDirectory::Adopt(const std::string& path, int lock) {
  DataDirectory directory(path, lock);
  struct stat held{};
  struct stat ours{};
  if (::fstat(lock, &held) == 0 && ::stat((path + "/lock").c_str(), &ours) == 0 && held.st_dev == ours.st_dev && held.st_ino == ours.st_ino) {
    return directory;
  }
  return absl::FailedPreconditionError(
      fmt::format("the agent that hands over keeps another data directory than {}; give both the same --data-dir", path));
}

int DataDirectory::CopyLock() const { return lock_ < 0 ? -1 : ::fcntl(lock_, F_DUPFD_CLOEXEC, 0); }

void DataDirectory::Release() {
  if (lock_ >= 0) ::close(std::exchange(lock_, -1));
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

std::string DefaultDataDirectory() {
  if (::geteuid() == 0) return "/var/lib/switchyard/agent";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/switchyard/agent";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : ".") + "/.local/state/switchyard/agent";
}

}  // namespace switchyard::agent::config
