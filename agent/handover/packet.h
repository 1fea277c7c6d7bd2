// Packet: one message of a hand-over with the descriptors beside it, on a SOCK_SEQPACKET Unix socket.
//
// Thread-safety: one thread per socket. Bounds: 64 KiB of message, 128 descriptors; more is refused on both sides.
// Errors: UNAVAILABLE: the other end is gone. DEADLINE_EXCEEDED: nothing came (or could be sent) within the socket's timeout, or at once where
// it does not block. DATA_LOSS: no message of ours, or descriptors are missing (this process may open no more). Source: unix(7), cmsg(3).
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/handover/descriptor.h"
#include "switchyard/v1/handover.pb.h"

namespace switchyard::agent::handover {

inline constexpr std::size_t kMaxDescriptors = 128;
inline constexpr std::size_t kMaxMessageBytes = 64 * 1024;

struct Packet {
  v1::HandoverMessage message;
  std::vector<Descriptor> descriptors;
};

// The descriptors stay the caller's.
absl::Status SendPacket(int socket, const v1::HandoverMessage& message, std::span<const int> descriptors = {});
absl::StatusOr<Packet> ReceivePacket(int socket);

}  // namespace switchyard::agent::handover
