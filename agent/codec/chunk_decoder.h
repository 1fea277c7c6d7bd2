// Decodes the chunked transfer coding with llhttp (strict mode).
//
// Data comes out as views into the input. Trailer fields are checked like head fields and collected up to a bound. Refused: bare LF, bad or
// overflowing sizes, anything but CRLF after a chunk, obs-fold in trailers, chunk-size lines or trailers beyond the bound.
// llhttp starts at the body because the decoder feeds it a fixed head first. What it forgives (a bare LF at the end) is refused by a look
// at the bytes between the data. The result does not depend on how the input is cut into pieces.
//
// Thread-safety: one instance per body. Cost: O(bytes); allocates for trailers only. Source: RFC 9112 section 7.1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::agent::codec {

using Trailers = std::vector<std::pair<std::string, std::string>>;

class ChunkDecoder {
 public:
  // Bytes of chunk extensions and trailers together that one body may have. The first kFreeLineBytes of a line between the data are free,
  // so that many small chunks are not held against a long body; a trailer counts kTrailerCost more.
  static constexpr std::size_t kMaxOverheadBytes = 16384;
  static constexpr std::size_t kFreeLineBytes = 24;
  static constexpr std::size_t kTrailerCost = 32;

  ChunkDecoder();
  ~ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

  // For the next body; keeps its memory.
  void Restart();

  enum class State : std::uint8_t { kMore, kDone, kBad };

  // Consumes from `input` and appends the data views of it to `data`. `consumed` is less than the input's size only at kDone, where the
  // rest belongs to the next message, or at kBad.
  State Feed(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data);

  // After kDone.
  const Trailers& trailers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::agent::codec
