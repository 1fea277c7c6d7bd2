#include "agent/l4/peeked_bytes.h"

namespace switchyard::agent::l4 {

using loop::IoResult;

PeekedBytes::State PeekedBytes::Look(loop::Socket& socket, char* scratch, std::size_t most, std::string_view& out) {
  const IoResult got = socket.Peek(scratch, most);
  if (got.kind == IoResult::Kind::kEnd || got.kind == IoResult::Kind::kError) return State::kEnded;
  if (got.bytes <= seen_) {
    if (socket.ended()) return State::kEnded;
    socket.WaitReadable();
    return State::kNothing;
  }
  seen_ = got.bytes;
  out = {scratch, got.bytes};
  return State::kBytes;
}

}  // namespace switchyard::agent::l4
