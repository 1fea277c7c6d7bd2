#include "agent/handover/successor.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include <fmt/format.h>

#include "agent/handover/door.h"
#include "agent/handover/packet.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace switchyard::agent::handover {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr std::size_t kMaxSockets = 65536;
constexpr off_t kMaxSnapshot = 129 * 1024 * 1024;

absl::StatusOr<Packet> Ask(int link, const v1::HandoverMessage& question) {
  const absl::Status sent = SendPacket(link, question);
  // One that refuses may do so, and close, before it is asked.
  absl::StatusOr<Packet> answer = ReceivePacket(link);
  if (!answer.ok() && !sent.ok()) return sent;
  if (answer.ok() && answer->message.has_refusal()) {
    return absl::FailedPreconditionError(fmt::format("the agent that serves here refuses: {}", answer->message.refusal()));
  }
  return answer;
}

absl::StatusOr<std::string> ReadMemoryFile(int fd) {
  struct stat facts{};
  if (fstat(fd, &facts) != 0 || facts.st_size <= 0 || facts.st_size > kMaxSnapshot) return absl::DataLossError("the snapshot that came is unusable");
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = pread(fd, bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got <= 0) return absl::DataLossError("the snapshot that came is cut short");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

absl::Status TakeOffer(Packet packet, Inheritance& inheritance) {
  const v1::HandoverOffer& offer = packet.message.offer();
  if (static_cast<std::size_t>(offer.items_size()) != packet.descriptors.size()) return absl::DataLossError("the offer lacks descriptors");
  inheritance.instance = offer.instance();
  inheritance.version = offer.version();
  inheritance.generation = offer.generation();
  inheritance.admin_address = offer.admin_address();
  inheritance.ticket_keys.assign(offer.ticket_keys().begin(), offer.ticket_keys().end());
  for (int i = 0; i < offer.items_size(); ++i) {
    Descriptor& descriptor = packet.descriptors[static_cast<std::size_t>(i)];
    switch (offer.items(i)) {
      case v1::HandoverOffer::ITEM_DIRECTORY_LOCK: inheritance.directory_lock = std::move(descriptor); break;
      case v1::HandoverOffer::ITEM_HANDOVER_SOCKET: inheritance.door = std::move(descriptor); break;
      case v1::HandoverOffer::ITEM_ADMIN_SOCKET: inheritance.admin_socket = std::move(descriptor); break;
      case v1::HandoverOffer::ITEM_SNAPSHOT: {
        absl::StatusOr<std::string> bytes = ReadMemoryFile(descriptor.get());
        if (!bytes.ok()) return bytes.status();
        inheritance.snapshot = *std::move(bytes);
        break;
      }
      default: break;  // of a later version; closed with the packet
    }
  }
  if (!inheritance.directory_lock.valid() || !inheritance.door.valid()) return absl::DataLossError("the offer lacks the directory's lock");
  return absl::OkStatus();
}

absl::Status TakeSockets(Packet packet, Inheritance& inheritance) {
  std::size_t next = 0;
  for (const auto& group : packet.message.sockets().groups()) {
    for (std::uint32_t i = 0; i < group.sockets(); ++i) {
      if (next >= packet.descriptors.size()) return absl::DataLossError("listening sockets are missing");
      inheritance.sockets[group.address()].push_back(std::move(packet.descriptors[next++]));
    }
  }
  return absl::OkStatus();
}

absl::Status TakeAllSockets(Inheritance& inheritance) {
  v1::HandoverMessage next;
  next.mutable_next();
  for (std::size_t rounds = 0; rounds < kMaxSockets; ++rounds) {
    absl::StatusOr<Packet> answer = Ask(inheritance.link.get(), next);
    if (!answer.ok()) return answer.status();
    if (!answer->message.has_sockets()) return absl::DataLossError("the agent that serves here does not speak the hand-over protocol");
    const bool last = answer->message.sockets().last();
    if (const absl::Status taken = TakeSockets(*std::move(answer), inheritance); !taken.ok() || last) return taken;
  }
  return absl::ResourceExhaustedError("too many listening sockets");
}

}  // namespace

absl::StatusOr<std::optional<Inheritance>> AskForHandover(const std::string& door, const std::string& instance, const std::string& version) {
  absl::StatusOr<Descriptor> link = Knock(door, kPatience);
  if (absl::IsNotFound(link.status())) return std::nullopt;
  if (!link.ok()) return link.status();
  Inheritance inheritance;
  inheritance.link = *std::move(link);
  v1::HandoverMessage hello;
  hello.mutable_hello()->set_instance(instance);
  hello.mutable_hello()->set_version(version);
  absl::StatusOr<Packet> answer = Ask(inheritance.link.get(), hello);
  if (!answer.ok()) return Annotate(answer.status(), "hand-over");
  if (!answer->message.has_offer()) return absl::DataLossError("the agent that serves here does not speak the hand-over protocol");
  if (const absl::Status taken = TakeOffer(*std::move(answer), inheritance); !taken.ok()) return Annotate(taken, "hand-over");
  if (const absl::Status taken = TakeAllSockets(inheritance); !taken.ok()) return Annotate(taken, "hand-over");
  return inheritance;
}

absl::Status Claim(const Inheritance& inheritance, std::uint64_t generation) {
  v1::HandoverMessage ready;
  ready.mutable_ready()->set_generation(generation);
  const absl::StatusOr<Packet> answer = Ask(inheritance.link.get(), ready);
  if (absl::IsUnavailable(answer.status())) return absl::OkStatus();
  if (!answer.ok()) return Annotate(answer.status(), "hand-over");
  if (!answer->message.has_yours()) return absl::DataLossError("the agent that serves here does not speak the hand-over protocol");
  return absl::OkStatus();
}

}  // namespace switchyard::agent::handover
