#include "agent/handover/door.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace switchyard::agent::handover {
namespace {

constexpr int kBacklog = 8;

absl::Status Failed(const std::string& path, const char* what) {
  const int error = errno;
  const std::string text = fmt::format("hand-over socket {}: cannot {}: {}", path, what, std::strerror(error));
  if (error == ENOENT || error == ECONNREFUSED) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

// The address of a path, by way of its folder, which is held open as long as the address is used.
struct Address {
  Descriptor folder;
  sockaddr_un name{};

  absl::Status Fill(const std::string& path) {
    const std::filesystem::path file(path);
    const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
    folder = Descriptor(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) return Failed(path, "open its folder");
    const std::string text = fmt::format("/proc/self/fd/{}/{}", folder.get(), file.filename().string());
    if (text.size() >= sizeof name.sun_path) return absl::InvalidArgumentError(fmt::format("hand-over socket {}: the file name is too long", path));
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, text.c_str(), text.size() + 1);
    return absl::OkStatus();
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

}  // namespace

absl::StatusOr<Descriptor> OpenDoor(const std::string& path) {
  Address address;
  if (const absl::Status filled = address.Fill(path); !filled.ok()) return filled;
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Failed(path, "make it");
  struct stat there{};
  if (lstat(address.name.sun_path, &there) == 0 && S_ISSOCK(there.st_mode)) unlink(address.name.sun_path);
  if (fchmod(socket.get(), 0600) != 0 || bind(socket.get(), address.get(), sizeof address.name) != 0) return Failed(path, "bind");
  // The file's mode is what the umask leaves.
  if (chmod(address.name.sun_path, 0600) != 0 || listen(socket.get(), kBacklog) != 0) return Failed(path, "listen");
  return socket;
}

absl::StatusOr<Descriptor> Knock(const std::string& path, Duration patience) {
  Address address;
  if (const absl::Status filled = address.Fill(path); !filled.ok()) return filled;
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Failed(path, "make a socket");
  timeval wait{};
  wait.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
  wait.tv_usec = std::chrono::duration_cast<std::chrono::microseconds>(patience % std::chrono::seconds(1)).count();
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect(socket.get(), address.get(), sizeof address.name) != 0) return Failed(path, "connect");
  return socket;
}

Caller CallerOf(int socket) {
  ucred who{};
  socklen_t length = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return {};
  return {who.pid, who.uid == geteuid() || who.uid == 0};
}

}  // namespace switchyard::agent::handover
