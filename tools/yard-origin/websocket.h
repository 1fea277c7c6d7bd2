// WebSocket echo: just enough of RFC 6455 to prove that an upgraded connection carries bytes unharmed both ways.
//
// Frames of the client are sent back unmasked with the same opcode; a ping comes back as a pong, a close as a close, which ends it.
// Frames are passed on as they arrive, so a frame may be of any size. Extensions are not offered.
// Thread-safety: one owner. Cost: one pass. Bounds: the output of one call is at most the input plus 10 bytes per frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::tools::origin {

// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2).
std::string WebSocketAccept(std::string_view key);

class WebSocketEcho {
 public:
  // Appends the answer to `out`. False: the connection is to be closed after `out` is written (close frame, or an unmasked or reserved one).
  bool Feed(std::string_view bytes, std::string& out);

 private:
  std::size_t HeaderSize() const;
  bool BeginFrame(std::string& out);

  std::array<unsigned char, 14> header_{};
  std::size_t have_ = 0;     // header bytes so far
  bool in_payload_ = false;
  bool closing_ = false;
  std::uint64_t left_ = 0;   // payload bytes of the present frame to come
  std::size_t mask_at_ = 0;  // where the mask stands in header_
  std::uint64_t offset_ = 0;
};

}  // namespace switchyard::tools::origin
