// Relay: one direction of a tunnel. Moves bytes from one socket to another as they come, and the end of them after the last.
//
// Small pieces are copied through the worker's scratch buffer; once a read fills a good part of it the bytes go by splice(2), unread, until
// they come in small pieces again. Back-pressure: nothing is read while bytes wait for the other socket, so a relay holds at most 64 KiB.
//
// Thread-safety: its worker. Cost: two system calls per piece. Bounds: kTurnBytes per turn, so that one busy tunnel does not hold up others.
#pragma once

#include <cstdint>

#include "agent/l4/splice_pipes.h"
#include "agent/loop/event_loop.h"
#include "agent/loop/output_buffer.h"
#include "agent/loop/socket.h"

namespace switchyard::agent::l4 {

class Relay {
 public:
  static constexpr std::size_t kTurnBytes = 4 * loop::EventLoop::kScratchBytes;

  // All must outlive the relay.
  Relay(loop::EventLoop& loop, SplicePipes& pipes, loop::Socket& from, loop::Socket& to)
      : loop_(loop), pipes_(pipes), from_(from), to_(to), out_(loop.blocks()) {}
  ~Relay() { DropPipe(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // kEnded: the sender's end has been passed on. kFromFailed, kToFailed: this socket is gone.
  enum class Result : std::uint8_t { kGoesOn, kEnded, kFromFailed, kToFailed };
  // Moves what can be moved, then waits on one of the sockets. Call it when `from` is readable or `to` writable.
  Result Move();
  // These bytes go before all that `from` sends. REQUIRES: before the first Move.
  void Prepend(std::string_view bytes) { out_.text().append(bytes); }
  // Read from `from` so far.
  std::uint64_t bytes() const { return bytes_; }
  bool ended() const { return ended_; }

 private:
  enum class Step : std::uint8_t { kMore, kWait, kEnd, kFromFailed, kToFailed };
  Step Drain();
  Step Copy();
  Step Splice();
  void DropPipe();

  loop::EventLoop& loop_;
  SplicePipes& pipes_;
  loop::Socket& from_;
  loop::Socket& to_;
  loop::OutputBuffer out_;
  Pipe pipe_;
  std::size_t in_pipe_ = 0;
  std::uint64_t bytes_ = 0;
  bool bulk_ = false;
  bool end_seen_ = false;
  bool ended_ = false;
};

}  // namespace switchyard::agent::l4
