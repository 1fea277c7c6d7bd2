#include "agent/config/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

absl::Status SystemError(std::string_view step, const std::string& path, int error) {
  const std::string text = fmt::format("{} {}: {}", step, path, std::generic_category().message(error));
  switch (error) {
    case ENOENT: return absl::NotFoundError(text);
    case ENOSPC:
    case EDQUOT: return absl::ResourceExhaustedError(text);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(text);
    default: return absl::UnavailableError(text);
  }
}

// Closes on every way out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteNew(const std::string& path, std::string_view bytes, mode_t mode, Durability durability) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (file.get() < 0) return SystemError("create", path, errno);
  // The file may be left over from a crash with other permissions, and the process has a umask.
  if (::fchmod(file.get(), mode) != 0) return SystemError("set permissions of", path, errno);
  if (absl::Status written = WriteAll(file.get(), bytes, path); !written.ok()) return written;
  if (durability == Durability::kNow && ::fsync(file.get()) != 0) return SystemError("sync", path, errno);
  return absl::OkStatus();
}

absl::Status Sync(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path, errno);
  if (::fsync(file.get()) != 0) return SystemError("sync", path, errno);
  return absl::OkStatus();
}

std::string ParentOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes, mode_t mode, Durability durability) {
  const std::string temporary = path + ".new";
  if (absl::Status written = WriteNew(temporary, bytes, mode, durability); !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return SystemError("replace", path, error);
  }
  return durability == Durability::kNow ? Sync(ParentOf(path)) : absl::OkStatus();
}

absl::Status SyncFile(const std::string& path) {
  if (absl::Status synced = Sync(path); !synced.ok()) return synced;
  return Sync(ParentOf(path));
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return SystemError("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return absl::FailedPreconditionError(fmt::format("{} is not a regular file", path));
  if (static_cast<std::size_t>(facts.st_size) > limit) {
    return absl::ResourceExhaustedError(fmt::format("{} has {} bytes; at most {} are read", path, facts.st_size, limit));
  }
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace switchyard::agent::config
