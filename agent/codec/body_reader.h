// Reads one HTTP/1 message body, whatever its framing, out of the bytes that follow the head.
//
// Thread-safety: one instance per connection and direction, used for one message after the other. Cost: nothing per byte for Length and
// UntilClose; see ChunkDecoder for chunked. Bounds: `max_bytes` of payload; beyond it Feed answers kTooLarge. Source: RFC 9112 section 6.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"

namespace switchyard::agent::codec {

class BodyReader {
 public:
  enum class State : std::uint8_t { kMore, kDone, kBad, kTooLarge };

  // Starts a new message. Returns kDone at once for a message without a body.
  State Start(Framing framing, std::uint64_t content_length, std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());

  // Consumes from `input`, appends views of the payload to `data`. Bytes behind the end of the body are not consumed.
  State Feed(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data);

  // The peer closed. kDone if that ends the body (UntilClose), else kBad: the body was cut short.
  State Finish();

  State state() const { return state_; }
  bool done() const { return state_ == State::kDone; }
  // Null unless a chunked body had any.
  const Trailers* trailers() const;

 private:
  State FeedChunked(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data);

  Framing framing_ = Framing::kNone;
  State state_ = State::kDone;
  std::uint64_t remaining_ = 0;
  std::uint64_t allowance_ = 0;
  std::optional<ChunkDecoder> chunks_;
};

}  // namespace switchyard::agent::codec
