#include "common/tls/private_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/base/random.h"

namespace switchyard::tls {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool Close() {
    if (fd_ < 0) return true;
    const bool closed = ::close(fd_) == 0;
    fd_ = -1;
    return closed;
  }

 private:
  int fd_;
};

absl::Status Failed(std::string_view what, const std::string& path, int error) {
  const std::string reason = std::generic_category().message(error);
  const auto text = [&](std::string_view remedy) {
    return fmt::format("cannot {} {}: {}{}{}", what, path, reason, remedy.empty() ? "" : "; ", remedy);
  };
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text(""));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text("run as the owner of the directory, or change its owner"));
    case EROFS:
      return absl::FailedPreconditionError(text("mount it writable, or name another directory"));
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(text("free some space"));
    case EEXIST:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::FailedPreconditionError(text("name another path"));
    default:
      return absl::UnavailableError(text(""));
  }
}

bool WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

absl::Status SyncDirectoryOf(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return Failed("sync the directory", directory, errno);
  return absl::OkStatus();
}

absl::Status CheckPrivate(const std::string& path, const struct stat& facts) {
  if (!S_ISREG(facts.st_mode)) return absl::FailedPreconditionError(fmt::format("{} is not a regular file", path));
  if (facts.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(
        fmt::format("{} belongs to user {}, not to user {} who runs this", path, facts.st_uid, ::geteuid()));
  }
  if ((facts.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(fmt::format("{} holds a secret but others may use it (mode {:04o}); run: chmod 600 {}", path,
                                                     static_cast<unsigned>(facts.st_mode & 07777), path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WritePrivateFile(const std::string& path, std::string_view content) {
  const std::string draft = fmt::format("{}.{}.tmp", path, SecureHex(8));
  Descriptor fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) return Failed("write", path, errno);
  const bool written = WriteAll(fd.get(), content) && ::fsync(fd.get()) == 0 && fd.Close() && ::rename(draft.c_str(), path.c_str()) == 0;
  if (!written) {
    const int error = errno;
    ::unlink(draft.c_str());
    return Failed("write", path, error);
  }
  return SyncDirectoryOf(path);
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not hang.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return Failed("read", path, errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return Failed("read", path, errno);
  if (auto fit = CheckPrivate(path, facts); !fit.ok()) return fit;
  std::string content(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) return absl::InvalidArgumentError(fmt::format("{} is larger than {} bytes", path, max_bytes));
  content.resize(size);
  return content;
}

absl::Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return absl::OkStatus();
  std::filesystem::path plain = std::filesystem::path(path).lexically_normal();
  // `a/b/` has an empty last part; its parent is `a/b` itself.
  if (!plain.has_filename()) plain = plain.parent_path();
  const std::filesystem::path parent = plain.parent_path();
  error.clear();  // "not there yet" was an answer, not a failure
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return Failed("make the directory", parent.string(), error.value());
  if (::mkdir(plain.c_str(), 0700) == 0) return SyncDirectoryOf(plain.string());
  // Another process may have been faster.
  const int reason = errno;
  return std::filesystem::is_directory(plain, error) ? absl::OkStatus() : Failed("make the directory", path, reason);
}

}  // namespace switchyard::tls
