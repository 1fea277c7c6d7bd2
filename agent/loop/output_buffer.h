// OutputBuffer: bytes on their way to a socket. Tries the write first and holds only what the kernel would not take.
//
// Heads and small pieces are collected in `text()` and leave in one system call with what follows; a large piece is gathered with them and
// never copied unless the kernel takes part of it only.
//
// Thread-safety: one worker. Bounds: the owner stops feeding it when it is `Blocked` (back-pressure) and goes on below. Memory: at most twice
// what is pending, plus `kHighWater`.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "agent/loop/socket.h"

namespace switchyard::agent::loop {

class OutputBuffer {
 public:
  explicit OutputBuffer(BlockPool& blocks) : blocks_(blocks) {}
  ~OutputBuffer() { blocks_.GiveText(std::move(text_)); }
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  static constexpr std::size_t kHighWater = 65536;
  // A piece from this size on is written through instead of collected.
  static constexpr std::size_t kWriteThrough = 4096;

  // Append here, then Flush.
  std::string& text() {
    if (text_.capacity() < BlockPool::kSmallest) TakeBlock();
    return text_;
  }
  std::size_t pending() const { return text_.size() - sent_; }
  bool above_high_water() const { return pending() > kHighWater; }

  // True: above the high water although a flush was tried just now. Then the socket has been asked to say when it is writable, so the owner,
  // who stops feeding now, can rely on OnWritable.
  bool Blocked(Socket& socket);

  // Collects or writes `piece` behind what is pending. False: the socket failed.
  bool Write(Socket& socket, std::string_view piece);
  // Writes what is pending; asks the socket to say when it is writable if some is left. False: the socket failed.
  bool Flush(Socket& socket);
  // The same for the last bytes of a connection: with nothing left pending, `socket.ShutdownWrite()` comes next.
  bool FlushLast(Socket& socket);
  // Gives memory back when nothing is pending.
  void Release();

 private:
  void TakeBlock();
  bool Sent(Socket& socket, IoResult result);
  void Drop(std::size_t bytes);

  BlockPool& blocks_;
  std::string text_;
  std::size_t sent_ = 0;
};

}  // namespace switchyard::agent::loop
