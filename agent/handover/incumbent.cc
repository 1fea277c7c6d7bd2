#include "agent/handover/incumbent.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "agent/handover/door.h"
#include "agent/handover/packet.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace switchyard::agent::handover {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr auto kLongest = std::chrono::seconds(30);

absl::StatusOr<Descriptor> MemoryFile(const std::string& bytes) {
  Descriptor file(memfd_create("switchyard-snapshot", MFD_CLOEXEC));
  if (!file.valid()) return absl::UnavailableError("no memory file for the snapshot");
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t put = write(file.get(), bytes.data() + have, bytes.size() - have);
    if (put <= 0) return absl::UnavailableError("no memory for the snapshot");
    have += static_cast<std::size_t>(put);
  }
  return file;
}

// One message's worth of sockets; they are taken out of `left`.
v1::HandoverSockets NextSockets(std::map<std::string, std::vector<Descriptor>>& left, std::vector<Descriptor>& out) {
  v1::HandoverSockets message;
  while (!left.empty() && out.size() < kMaxDescriptors) {
    auto& [address, sockets] = *left.begin();
    auto* group = message.add_groups();
    group->set_address(address);
    while (!sockets.empty() && out.size() < kMaxDescriptors) {
      out.push_back(std::move(sockets.back()));
      sockets.pop_back();
      group->set_sockets(group->sockets() + 1);
    }
    if (sockets.empty()) left.erase(left.begin());
  }
  message.set_last(left.empty());
  return message;
}

class TheIncumbent final : public Incumbent {
 public:
  TheIncumbent(asio::io_context& context, Descriptor door, IncumbentHooks hooks)
      : door_(context, door.get()), peer_(context), deadline_(context), hooks_(std::move(hooks)) {
    door.Release();
    Listen();
  }
  TheIncumbent(const TheIncumbent&) = delete;
  TheIncumbent& operator=(const TheIncumbent&) = delete;
  ~TheIncumbent() override {
    *alive_ = false;
    Close();
  }

  bool busy() const override { return stage_ == Stage::kAsked || stage_ == Stage::kOffered; }
  void Close() override;
  void Tell(std::uint64_t open_connections, std::uint32_t ends_within_seconds) override;

 private:
  enum class Stage { kWaiting, kAsked, kOffered, kYielded };

  void Listen();
  void Accept();
  void WaitForPeer();
  void Heard(const v1::HandoverMessage& message);
  void Offer(absl::StatusOr<Holdings> holdings);
  absl::Status SendOffer();
  absl::Status SendSockets();
  void Yield();
  void Refuse(const std::string& why);
  void Abandon(const std::string& why);

  stream_descriptor door_;
  stream_descriptor peer_;
  asio::steady_timer deadline_;
  const IncumbentHooks hooks_;
  Stage stage_ = Stage::kWaiting;
  // Counts callers, so that an answer for one that left is not taken for the next one's.
  std::uint64_t caller_ = 0;
  pid_t pid_ = 0;
  Holdings holdings_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void TheIncumbent::Listen() {
  door_.async_wait(stream_descriptor::wait_read, [this, alive = alive_](const error_code& error) {
    if (!*alive || error || stage_ == Stage::kYielded) return;
    Accept();
    Listen();
  });
}

void TheIncumbent::Accept() {
  Descriptor caller(accept4(door_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!caller.valid()) return;
  const Caller who = CallerOf(caller.get());
  v1::HandoverMessage refusal;
  if (!who.trusted) refusal.set_refusal("only a process of the same user may take over");
  if (stage_ != Stage::kWaiting) refusal.set_refusal("another process is taking over already");
  if (refusal.has_refusal()) {
    (void)SendPacket(caller.get(), refusal);
    return;
  }
  stage_ = Stage::kAsked;
  ++caller_;
  pid_ = who.pid;
  peer_.assign(caller.Release());
  deadline_.expires_after(kLongest);
  deadline_.async_wait([this, alive = alive_, mine = caller_](const error_code& error) {
    if (*alive && !error && busy() && caller_ == mine) Abandon("the new agent took longer than 30s to serve");
  });
  WaitForPeer();
}

void TheIncumbent::WaitForPeer() {
  peer_.async_wait(stream_descriptor::wait_read, [this, alive = alive_, mine = caller_](const error_code& error) {
    if (!*alive || error || !busy() || caller_ != mine) return;
    const absl::StatusOr<Packet> packet = ReceivePacket(peer_.native_handle());
    if (absl::IsDeadlineExceeded(packet.status())) return WaitForPeer();
    if (!packet.ok()) return Abandon(std::string(Message(packet.status())));
    Heard(packet->message);
    if (busy() && caller_ == mine) WaitForPeer();
  });
}

void TheIncumbent::Heard(const v1::HandoverMessage& message) {
  if (stage_ == Stage::kAsked && message.has_hello()) {
    hooks_.asked(message.hello(), [this, alive = std::weak_ptr<bool>(alive_), mine = caller_](absl::StatusOr<Holdings> holdings) {
      if (!alive.expired() && stage_ == Stage::kAsked && caller_ == mine) Offer(std::move(holdings));
    });
    return;
  }
  if (stage_ == Stage::kOffered && message.has_next()) {
    if (const absl::Status sent = SendSockets(); !sent.ok()) Abandon(std::string(Message(sent)));
    return;
  }
  if (stage_ == Stage::kOffered && message.has_ready()) {
    if (message.ready().generation() == holdings_.facts.generation()) return Yield();
    return Refuse("the new agent serves another generation");
  }
  Refuse("that is not the next step of a hand-over");
}

void TheIncumbent::Offer(absl::StatusOr<Holdings> holdings) {
  if (!holdings.ok()) return Refuse(std::string(Message(holdings.status())));
  holdings_ = *std::move(holdings);
  stage_ = Stage::kOffered;
  if (const absl::Status sent = SendOffer(); !sent.ok()) Abandon(std::string(Message(sent)));
}

absl::Status TheIncumbent::SendOffer() {
  v1::HandoverMessage message;
  v1::HandoverOffer& offer = *message.mutable_offer();
  offer = holdings_.facts;
  std::vector<int> descriptors;
  const auto add = [&](v1::HandoverOffer::Item item, int fd) {
    if (fd < 0) return;
    offer.add_items(item);
    descriptors.push_back(fd);
  };
  add(v1::HandoverOffer::ITEM_DIRECTORY_LOCK, holdings_.directory_lock.get());
  add(v1::HandoverOffer::ITEM_HANDOVER_SOCKET, door_.native_handle());
  add(v1::HandoverOffer::ITEM_ADMIN_SOCKET, holdings_.admin_socket.get());
  Descriptor snapshot;
  if (!holdings_.snapshot.empty()) {
    absl::StatusOr<Descriptor> file = MemoryFile(holdings_.snapshot);
    if (!file.ok()) return file.status();
    snapshot = *std::move(file);
    add(v1::HandoverOffer::ITEM_SNAPSHOT, snapshot.get());
  }
  return SendPacket(peer_.native_handle(), message, descriptors);
}

absl::Status TheIncumbent::SendSockets() {
  std::vector<Descriptor> sockets;
  v1::HandoverMessage message;
  *message.mutable_sockets() = NextSockets(holdings_.sockets, sockets);
  std::vector<int> descriptors;
  for (const Descriptor& socket : sockets) descriptors.push_back(socket.get());
  return SendPacket(peer_.native_handle(), message, descriptors);
}

void TheIncumbent::Yield() {
  // It may have died since it said that it serves; then nothing has changed.
  char byte = 0;
  if (recv(peer_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) return Abandon("the new agent is gone");
  deadline_.cancel();
  stage_ = Stage::kYielded;
  holdings_ = {};
  Close();
  hooks_.yield(pid_);
  v1::HandoverMessage message;
  message.mutable_yours();
  (void)SendPacket(peer_.native_handle(), message);
}

void TheIncumbent::Refuse(const std::string& why) {
  v1::HandoverMessage message;
  message.set_refusal(why);
  (void)SendPacket(peer_.native_handle(), message);
  Abandon(why);
}

void TheIncumbent::Abandon(const std::string& why) {
  deadline_.cancel();
  peer_.close();
  holdings_ = {};
  stage_ = Stage::kWaiting;
  hooks_.abandoned(why);
}

// The new agent holds the same socket: it must leave our epoll set before it is closed, or its events would go on coming.
void TheIncumbent::Close() {
  if (door_.is_open()) ::close(door_.release());
}

void TheIncumbent::Tell(std::uint64_t open_connections, std::uint32_t ends_within_seconds) {
  if (stage_ != Stage::kYielded || !peer_.is_open()) return;
  v1::HandoverMessage message;
  message.mutable_progress()->set_open_connections(open_connections);
  message.mutable_progress()->set_ends_within_seconds(ends_within_seconds);
  (void)SendPacket(peer_.native_handle(), message);
}

}  // namespace

std::unique_ptr<Incumbent> Incumbent::Start(asio::io_context& context, Descriptor door, IncumbentHooks hooks) {
  return std::make_unique<TheIncumbent>(context, std::move(door), std::move(hooks));
}

}  // namespace switchyard::agent::handover
