#include "agent/access_log/line_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace switchyard::agent::access_log {
namespace {

constexpr mode_t kMode = 0640;
// A pipe that somebody else has made non-blocking: how long one look for room takes.
constexpr int kRoomMillis = 100;

// -1: see errno. Not blocking while it opens, so that a FIFO nobody reads is an error and not a hang.
int OpenForAppending(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kMode);
  if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

absl::Status CannotOpen(const std::string& path, int error) {
  return absl::UnavailableError(fmt::format("cannot open {} for the access log: {}; its directory must exist and be writable for this user", path,
                                            std::strerror(error)));
}

// True: try again.
bool Passing(int fd, int error) {
  if (error == EINTR) return true;
  if (error != EAGAIN) return false;
  pollfd room{fd, POLLOUT, 0};
  return ::poll(&room, 1, kRoomMillis) > 0;
}

}  // namespace

absl::StatusOr<LineFile> LineFile::Open(const std::string& target) {
  if (target == kStdout) return LineFile(target, STDOUT_FILENO);
  const int fd = OpenForAppending(target);
  if (fd < 0) return CannotOpen(target, errno);
  return LineFile(target, fd);
}

LineFile::~LineFile() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

absl::Status LineFile::Reopen() {
  if (target_ == kStdout) return absl::OkStatus();
  const int fd = OpenForAppending(target_);
  if (fd < 0) return CannotOpen(target_, errno);
  ::close(fd_);
  fd_ = fd;
  torn_ = false;
  return absl::OkStatus();
}

LineFile::Result LineFile::Write(const LineRing::Parts& parts) {
  Result result;
  std::string_view newline = torn_ ? "\n" : "";
  std::string_view first = parts.first;
  std::string_view second = parts.second;
  while (!newline.empty() || !first.empty() || !second.empty()) {
    std::array<iovec, 3> pieces{};
    int count = 0;
    for (const std::string_view piece : {newline, first, second}) {
      if (!piece.empty()) pieces[static_cast<std::size_t>(count++)] = {const_cast<char*>(piece.data()), piece.size()};
    }
    const ssize_t put = ::writev(fd_, pieces.data(), count);
    if (put < 0) {
      if (Passing(fd_, errno)) continue;
      result.error = errno;
      break;
    }
    auto left = static_cast<std::size_t>(put);
    for (std::string_view* piece : {&newline, &first, &second}) {
      const std::size_t gone = std::min(left, piece->size());
      if (gone > 0) torn_ = (*piece)[gone - 1] != '\n';
      if (piece != &newline) result.bytes += gone;
      piece->remove_prefix(gone);
      left -= gone;
    }
  }
  return result;
}

}  // namespace switchyard::agent::access_log
