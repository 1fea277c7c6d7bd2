// Socket: one non-blocking TCP socket of a worker, with waiting by Asio and reading and writing by plain system calls.
//
// Reading and writing are tried at once; only what would block waits. A waiting socket keeps its owner alive; after Close no callback comes.
//
// Thread-safety: its worker. Cost: one system call per operation, one re-arm per wait; no allocation (Asio recycles handler memory per thread).
// Errors: by value, see IoResult. Bounds: at most one wait per direction.
#pragma once

#include <sys/uio.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string_view>

#include "agent/loop/event_loop.h"
#include "agent/loop/ref_counted.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::loop {

struct IoResult {
  enum class Kind : std::uint8_t { kOk, kWouldBlock, kEnd, kError };
  Kind kind = Kind::kOk;
  std::size_t bytes = 0;
};

class Socket {
 public:
  class Owner : public RefCounted {
   public:
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;
    // Only after Connect. `error` is an errno; 0: connected.
    virtual void OnConnected(int error) { static_cast<void>(error); }
  };

  // Not open yet.
  Socket(EventLoop& loop, Owner& owner);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Takes over an accepted, non-blocking descriptor. False: the event loop refused it, and it is closed.
  bool Adopt(int fd, bool v6);
  // Takes over the connection of `from`, which is closed then as far as its owner is concerned. REQUIRES: `from` waits for nothing.
  void TakeOver(Socket& from);
  // Starts connecting; OnConnected follows, never from within. Returns an errno at once if no socket could be made.
  int Connect(const Endpoint& to);

  IoResult Read(char* into, std::size_t size);
  IoResult Write(std::span<const iovec> pieces);
  // Neither bytes nor an end nor an error wait to be read.
  bool Quiet() const;
  // Ends our direction; reading goes on.
  void ShutdownWrite();
  // Idempotent. `reset`: the peer gets RST instead of FIN.
  void Close(bool reset = false);
  bool is_open() const { return open_; }

  // No effect while already waiting.
  void WaitReadable();
  void WaitWritable();

 private:
  using Tcp = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  Owner& owner_;
  Tcp socket_;
  int fd_ = -1;
  bool open_ = false;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
};

}  // namespace switchyard::agent::loop
