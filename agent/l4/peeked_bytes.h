// PeekedBytes: looks at what waits on a socket without taking it, so that whoever serves the connection finds every byte.
//
// Thread-safety: its worker. Cost: one copy of what waits per look; the socket tells of news only, so a sender that trickles costs one look per
// segment.
#pragma once

#include <string_view>

#include "agent/loop/socket.h"

namespace switchyard::agent::l4 {

class PeekedBytes {
 public:
  enum class State : std::uint8_t { kBytes, kNothing, kEnded };
  // kBytes: `out` is all that waits, at most `most`, in `scratch`; if that is not enough, wait for the socket to be readable. kNothing: nothing
  // new; it is being waited for. kEnded: nothing more will come.
  State Look(loop::Socket& socket, char* scratch, std::size_t most, std::string_view& out);
  bool any() const { return seen_ > 0; }

 private:
  std::size_t seen_ = 0;
};

}  // namespace switchyard::agent::l4
