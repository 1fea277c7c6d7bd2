// The floor under every proxy of the benchmark: carries bytes between a client and one of the origins, and reads nothing of them. What a proxy costs
// above it is its own; what it costs itself, the kernel asks of all: two receives and two sends for a request and its response.
//
// Usage: bench-relay PORT ORIGIN_PORT...   on loopback; connections take the origins by turns. One thread, epoll, edge-triggered.
// Bounds: as many connections as there are descriptors. Bytes that a full socket does not take wait in memory while the other end is not read.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kPieceBytes = 262'144;
constexpr int kBacklog = 4096;

// One end of a relayed connection; its place in the table is its descriptor.
struct End {
  int other = -1;
  std::string unsent;  // to this end
  bool stalled = false;  // bytes may lie unread here, because the other end is full
};

std::vector<End> g_ends;

int OnPort(const char* text) {
  int port = 0;
  std::from_chars(text, text + std::string_view(text).size(), port);
  return port;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Listen(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in address = Loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener, kBacklog) != 0) return -1;
  return listener;
}

void Watch(int epoll, int descriptor) {
  const int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = descriptor;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

void Pair(int epoll, int client, int origin_port) {
  const int origin = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(origin_port);
  if (origin < 0 || connect(origin, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(client);
    if (origin >= 0) close(origin);
    return;
  }
  const auto most = static_cast<std::size_t>(std::max(client, origin));
  if (g_ends.size() <= most) g_ends.resize(most + 1);
  g_ends[static_cast<std::size_t>(client)] = {origin, {}, false};
  g_ends[static_cast<std::size_t>(origin)] = {client, {}, false};
  Watch(epoll, client);
  Watch(epoll, origin);
}

void Close(int descriptor) {
  End& end = g_ends[static_cast<std::size_t>(descriptor)];
  if (end.other < 0) return;
  const int other = end.other;
  end = {};
  g_ends[static_cast<std::size_t>(other)] = {};
  close(descriptor);
  close(other);
}

// False when the connection is over.
bool Carry(int from) {
  static std::array<char, kPieceBytes> piece;
  End& source = g_ends[static_cast<std::size_t>(from)];
  const int to = source.other;
  End& sink = g_ends[static_cast<std::size_t>(to)];
  while (true) {
    source.stalled = !sink.unsent.empty();
    if (source.stalled) return true;
    const ssize_t got = recv(from, piece.data(), piece.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got < 0) return true;
    const auto size = static_cast<std::size_t>(got);
    const ssize_t sent = send(to, piece.data(), size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (gone < size) sink.unsent.assign(piece.data() + gone, size - gone);
    // A short read has emptied the socket; what comes later is an event of its own.
    if (size < piece.size()) return true;
  }
}

bool Flush(int to) {
  End& sink = g_ends[static_cast<std::size_t>(to)];
  if (sink.unsent.empty()) return true;
  const ssize_t sent = send(to, sink.unsent.data(), sink.unsent.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  sink.unsent.erase(0, static_cast<std::size_t>(sent));
  return !sink.unsent.empty() || !g_ends[static_cast<std::size_t>(sink.other)].stalled || Carry(sink.other);
}

void OnEvent(const epoll_event& event) {
  const int descriptor = event.data.fd;
  if (g_ends[static_cast<std::size_t>(descriptor)].other < 0) return;  // closed by its other end in this turn
  const bool good = ((event.events & EPOLLOUT) == 0 || Flush(descriptor)) && ((event.events & ~EPOLLOUT) == 0 || Carry(descriptor));
  if (!good) Close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = argc < 3 ? -1 : Listen(OnPort(argv[1]));
  if (listener < 0) {
    std::fputs("usage: bench-relay PORT ORIGIN_PORT...; the port has to be free\n", stderr);
    return 1;
  }
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 512> events{};
  int turn = 0;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& one = events[static_cast<std::size_t>(i)];
      if (one.data.fd != listener) {
        OnEvent(one);
        continue;
      }
      for (int client = accept(listener, nullptr, nullptr); client >= 0; client = accept(listener, nullptr, nullptr)) {
        Pair(epoll, client, OnPort(argv[2 + turn++ % (argc - 2)]));
      }
    }
  }
}
