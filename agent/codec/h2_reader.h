// H2Reader: cuts the bytes of an HTTP/2 connection into frames, however they arrive.
//
// `Next` goes one step: to a frame's header, for which the caller then says how it wants the payload (whole, in pieces as they come, or not at
// all), and to the payload. What is whole in the input is a view of it; only a payload that comes in parts is gathered.
//
// Thread-safety: one thread. Bounds: gathers one payload, whose length the caller has agreed to. Memory: none between frames.
// Source: RFC 9113 sections 3.4 (preface), 4.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/codec/h2_frame.h"

namespace switchyard::agent::codec {

class H2Reader {
 public:
  enum class Step : std::uint8_t {
    kMore,    // the input is used up
    kHeader,  // header(); TakeWhole, TakeInPieces or Skip must follow
    kWhole,   // payload() of TakeWhole
    kPiece,   // payload() is the next part, `last()` says whether it is the end; there is at least one, be it empty
    kBad      // not the preface
  };

  // `preface`: the bytes begin with the client's.
  explicit H2Reader(bool preface) : state_(preface ? State::kPreface : State::kHeader) {}

  // Takes what it uses from the front of `bytes`. Views end with the next call.
  Step Next(std::string_view& bytes);

  void TakeWhole() { state_ = State::kWhole; }
  void TakeInPieces() { state_ = State::kPieces; }
  void Skip() { state_ = left_ > 0 ? State::kSkipped : State::kHeader; }

  const H2FrameHeader& header() const { return header_; }
  std::string_view payload() const { return payload_; }
  bool last() const { return left_ == 0; }
  // A header has been read and its payload has not come to its end.
  bool within_frame() const { return state_ == State::kWhole || state_ == State::kPieces || state_ == State::kSkipped; }

 private:
  enum class State : std::uint8_t { kPreface, kHeader, kWhole, kPieces, kSkipped, kGathered };

  bool TakePreface(std::string_view& bytes);
  bool TakeHeader(std::string_view& bytes);
  bool Gather(std::string_view& bytes);

  H2FrameHeader header_;
  std::array<char, kH2HeaderBytes> partial_{};
  std::uint8_t has_ = 0;  // bytes of the preface or a header
  State state_;
  std::uint32_t left_ = 0;  // of the payload
  std::string gathered_;
  std::string_view payload_;
};

}  // namespace switchyard::agent::codec
