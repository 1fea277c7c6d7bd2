#include "agent/config/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
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
      return absl::AlreadyExistsError(fmt::format("data directory {} is in use by another agent; give each its own with --data-dir", path));
    }
    return absl::UnavailableError(fmt::format("data directory {}: lock: {}", path, std::generic_category().message(error)));
  }
  return DataDirectory(path, lock);
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
