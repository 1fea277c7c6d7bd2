#include "agent/loop/output_buffer.h"

#include <array>

namespace switchyard::agent::loop {
namespace {

iovec Piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

bool OutputBuffer::Write(Socket& socket, std::string_view piece) {
  if (piece.size() < kWriteThrough || above_high_water()) {
    text().append(piece);
    return true;
  }
  const std::string_view held = std::string_view(text_).substr(sent_);
  const std::array<iovec, 2> pieces = {Piece(held), Piece(piece)};
  const IoResult result = held.empty() ? socket.Write(std::span(pieces).subspan(1)) : socket.Write(pieces);
  if (result.kind == IoResult::Kind::kError) return false;
  if (result.bytes < held.size()) {
    Drop(result.bytes);
    text_.append(piece);
  } else {
    const std::size_t of_piece = result.bytes - held.size();
    text_.clear();
    sent_ = 0;
    if (of_piece < piece.size()) text().append(piece.substr(of_piece));
  }
  if (pending() > 0) socket.WaitWritable();
  return true;
}

bool OutputBuffer::Blocked(Socket& socket) {
  if (above_high_water()) Flush(socket);
  return above_high_water();
}

bool OutputBuffer::Flush(Socket& socket) {
  if (pending() == 0) return true;
  const std::array<iovec, 1> pieces = {Piece(std::string_view(text_).substr(sent_))};
  return Sent(socket, socket.Write(pieces));
}

bool OutputBuffer::FlushLast(Socket& socket) {
  if (pending() == 0) return true;
  const std::array<iovec, 1> pieces = {Piece(std::string_view(text_).substr(sent_))};
  return Sent(socket, socket.WriteLast(pieces));
}

bool OutputBuffer::Sent(Socket& socket, IoResult result) {
  if (result.kind == IoResult::Kind::kError) return false;
  Drop(result.bytes);
  if (pending() > 0) socket.WaitWritable();
  return true;
}

// Somebody who kept the text may have put something into it.
void OutputBuffer::TakeBlock() {
  std::string block = blocks_.TakeText();
  block.append(text_);
  text_ = std::move(block);
}

// What was sent does not stay: a socket that is never quite empty would let the buffer grow for as long as it lives.
void OutputBuffer::Drop(std::size_t bytes) {
  sent_ += bytes;
  if (sent_ != text_.size() && sent_ < kHighWater) return;
  text_.erase(0, sent_);
  sent_ = 0;
}

void OutputBuffer::Release() {
  if (pending() > 0) return;
  blocks_.GiveText(std::exchange(text_, std::string()));
  sent_ = 0;
}

}  // namespace switchyard::agent::loop
