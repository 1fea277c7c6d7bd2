#include "agent/access_log/bell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace switchyard::agent::access_log {

absl::StatusOr<std::unique_ptr<Bell>> Bell::Open() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return absl::UnavailableError(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  return std::unique_ptr<Bell>(new Bell(fd));
}

Bell::~Bell() { ::close(fd_); }

void Bell::Ring() {
  // One ring is enough, whoever gets here first.
  if (state_.exchange(State::kAtWork, std::memory_order_seq_cst) == State::kAtWork) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(fd_, &one, sizeof one);
}

void Bell::Wait(Rest rest, Duration longest) {
  pollfd waiting{fd_, POLLIN, 0};
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  ::poll(&waiting, 1, rest == Rest::kSleep ? -1 : static_cast<int>(millis));
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_, &rings, sizeof rings);
}

}  // namespace switchyard::agent::access_log
