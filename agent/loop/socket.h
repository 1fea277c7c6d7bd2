// Socket: one non-blocking TCP socket of a worker: reading and writing by plain system calls, or through a TransportLayer (TLS) that stands in
// between. A plain socket pays one comparison per operation for that possibility.
//
// Reading and writing are tried at once; only what would block waits. The descriptor is registered edge-triggered for as long as it is open:
// the socket remembers which directions may be ready, so a wait costs no system call. A read that brings less than was asked for has emptied the
// socket, unless the peer's end was seen. A wake-up may find nothing: owners must read to know. A waiting socket keeps its owner alive;
// after Close no callback comes.
//
// Thread-safety: its worker. Cost: one system call per operation; no allocation. Errors: by value, see IoResult. Bounds: at most one wait per
// direction. Source: epoll(7), "Level-triggered and edge-triggered".
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string_view>

#include "agent/loop/event_loop.h"
#include "agent/loop/ref_counted.h"
#include "agent/loop/transport_layer.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::loop {

class Socket final : private Watcher {
 public:
  class Owner : public RefCounted {
   public:
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;
    // Only after Connect. `error` is an errno; 0: connected.
    virtual void OnConnected(int error) { static_cast<void>(error); }
    // Only after Handshake.
    virtual void OnHandshake(bool done) { static_cast<void>(done); }
  };

  // Not open yet.
  Socket(EventLoop& loop, Owner& owner);
  ~Socket() override;

  // Takes over an accepted, non-blocking descriptor. False: the event loop refused it, and it is closed.
  bool Adopt(int fd);
  // Takes over the connection of `from`, layer included, which is closed then as far as its owner is concerned.
  void TakeOver(Socket& from);
  // Starts connecting; OnConnected follows, never from within. Returns an errno at once if no socket could be made.
  int Connect(const Endpoint& to);

  // From now on bytes go through `layer`, whose descriptor this is.
  void SetLayer(std::unique_ptr<TransportLayer> layer) { layer_ = std::move(layer); }
  TransportLayer* layer() const { return layer_.get(); }
  // Carries the layer's handshake to its end; OnHandshake follows, never from within. `peer_begins`: there is nothing to do until it has sent something.
  // REQUIRES: a layer, and no waiting.
  void Handshake(bool peer_begins);
  // Gives descriptor and layer away, for another Socket to take over. REQUIRES: open.
  struct Parts {
    int fd = -1;
    std::unique_ptr<TransportLayer> layer;
  };
  Parts Release();

  IoResult Read(char* into, std::size_t size);
  IoResult Write(std::span<const iovec> pieces);
  // The last there is to write: when all of it is taken the caller calls ShutdownWrite at once, and the end leaves in the same segment.
  IoResult WriteLast(std::span<const iovec> pieces);
  // Looks at what waits without taking it. REQUIRES: plain.
  IoResult Peek(char* into, std::size_t size);
  // The peer has ended its direction or is gone, whether or not bytes of it still wait.
  bool ended() const { return ended_; }
  // Nothing stands between the bytes and the descriptor.
  bool plain() const { return layer_ == nullptr; }
  // Moves bytes between the connection and a pipe without copying them (splice(2)). REQUIRES: plain; the pipe has room, or bytes.
  IoResult SpliceInto(int pipe, std::size_t size);
  IoResult SpliceFrom(int pipe, std::size_t size);
  // Our address of the connection, and the peer's. 0.0.0.0:0 when it is gone.
  Endpoint LocalEndpoint() const;
  Endpoint PeerEndpoint() const;
  // Writes the first few bytes of a connection, before any layer; a fresh socket always has room for them. False: the socket failed. Empty:
  // nothing to do.
  bool WriteFirst(std::string_view bytes);
  // Neither bytes nor an end nor an error wait to be read.
  bool Quiet();
  // Ends our direction; reading goes on.
  void ShutdownWrite();
  // Idempotent. `reset`: the peer gets RST instead of FIN.
  void Close(bool reset = false);
  bool is_open() const { return open_; }
  int fd() const { return fd_; }

  // No effect while already waiting. The callback never comes from within.
  void WaitReadable();
  void WaitWritable();

 private:
  void OnEvents(std::uint32_t events) override;
  void OnLoopEnd() override;

  bool waits() const { return waiting_read_ || waiting_write_ || connecting_ || handshaking_; }
  bool MayRead() const;
  bool MayWrite() const;
  bool MayStep() const { return step_wants_write_ ? writable_ : readable_; }
  void TellSoon();
  void Tell();
  void TellConnected();
  void StepHandshake();
  IoResult ReadLayer(char* into, std::size_t size);
  IoResult WriteLayer(std::span<const iovec> pieces);
  void NoteEmptied();
  void StopWaiting();
  Endpoint EndpointBy(int (*ask)(int, sockaddr*, socklen_t*)) const;

  EventLoop& loop_;
  Owner& owner_;
  Ref<Owner> keep_;  // while waiting
  std::unique_ptr<TransportLayer> layer_;
  int fd_ = -1;
  bool open_ = false;
  // What was last heard of the descriptor, until a call says otherwise.
  bool readable_ = false;
  bool writable_ = false;
  bool ended_ = false;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
  bool connecting_ = false;
  bool handshaking_ = false;
  bool step_wants_write_ = false;  // the next step of the handshake waits for that, else for bytes
  bool told_soon_ = false;
};

}  // namespace switchyard::agent::loop
