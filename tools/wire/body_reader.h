// BodyReader: takes the body of one HTTP/1.1 message out of a byte stream, piece by piece, without holding it.
//
// Use: `Start(framing)`, then `Take` with what has arrived until `done()` or `bad()`. A body that ends with the connection is done when
// the caller says so (`Close`). Chunk extensions and trailers are read and dropped.
// Source: RFC 9112 sections 6 and 7.1.
//
// Thread-safety: one owner. Cost: one pass, no allocation. Bounds: a chunk-size line or trailer section above kMaxLine bytes is bad.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tools/wire/head.h"

namespace switchyard::tools::wire {

class BodyReader {
 public:
  static constexpr std::size_t kMaxLine = 16384;

  void Start(const Framing& framing);

  struct Piece {
    std::size_t used = 0;      // bytes of the input that were consumed; 0 only when the input is empty, done or bad
    std::string_view content;  // the body bytes among them
  };
  Piece Take(std::string_view bytes);
  // The connection ended. True when that is a proper end of this body.
  bool Close();

  bool done() const { return state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }

 private:
  enum class State : std::uint8_t {
    kDone, kBad, kLength, kUntilClose, kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailerStart, kTrailer, kTrailerLf, kEndLf
  };
  void Step(char c);
  void StepSize(char c);
  Piece TakeContent(std::string_view bytes);

  State state_ = State::kDone;
  std::uint64_t left_ = 0;
  std::size_t line_ = 0;  // bytes of the present size line or trailer section
  bool digits_ = false;
};

}  // namespace switchyard::tools::wire
