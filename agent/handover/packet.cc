#include "agent/handover/packet.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <fmt/format.h>

namespace switchyard::agent::handover {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMaxDescriptors);

absl::Status Failed(const char* what) {
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) return absl::DeadlineExceededError(fmt::format("the other process does not {}", what));
  return absl::UnavailableError(fmt::format("the other process is gone ({})", std::strerror(error)));
}

// Takes every descriptor that came, also of a packet that is then refused, so that none is left open.
std::vector<Descriptor> TakeDescriptors(msghdr& header) {
  std::vector<Descriptor> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

absl::Status SendPacket(int socket, const v1::HandoverMessage& message, std::span<const int> descriptors) {
  std::string bytes = message.SerializeAsString();
  if (bytes.size() > kMaxMessageBytes || descriptors.size() > kMaxDescriptors) return absl::ResourceExhaustedError("a hand-over message is too large");
  iovec data{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[kControlBytes] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) return Failed("take what is sent");
  return absl::OkStatus();
}

absl::StatusOr<Packet> ReceivePacket(int socket) {
  std::string bytes(kMaxMessageBytes, '\0');
  iovec data{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[kControlBytes] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  // A peer that closes without having read everything causes this once; what it said before is still there to be read.
  if (got < 0 && errno == ECONNRESET) got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  if (got < 0) return Failed("answer");
  Packet packet;
  packet.descriptors = TakeDescriptors(header);
  // No message of ours is empty, so this is the end.
  if (got == 0) return absl::UnavailableError("the other process is gone");
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return absl::DataLossError("a hand-over message came incomplete");
  if (!packet.message.ParseFromArray(bytes.data(), static_cast<int>(got)) || packet.message.message_case() == v1::HandoverMessage::MESSAGE_NOT_SET) {
    return absl::DataLossError("what came is no hand-over message");
  }
  return packet;
}

}  // namespace switchyard::agent::handover
