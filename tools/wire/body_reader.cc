#include "tools/wire/body_reader.h"

#include <algorithm>

namespace switchyard::tools::wire {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void BodyReader::Start(const Framing& framing) {
  left_ = framing.length;
  line_ = 0;
  digits_ = false;
  switch (framing.kind) {
    case Framing::Kind::kNone: state_ = State::kDone; break;
    case Framing::Kind::kLength: state_ = left_ == 0 ? State::kDone : State::kLength; break;
    case Framing::Kind::kChunked: state_ = State::kSize, left_ = 0; break;
    case Framing::Kind::kUntilClose: state_ = State::kUntilClose; break;
    case Framing::Kind::kBad: state_ = State::kBad; break;
  }
}

BodyReader::Piece BodyReader::TakeContent(std::string_view bytes) {
  if (state_ == State::kUntilClose) return {bytes.size(), bytes};
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= n;
  if (left_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kDataCr;
  return {n, bytes.substr(0, n)};
}

BodyReader::Piece BodyReader::Take(std::string_view bytes) {
  if (bytes.empty() || done() || bad()) return {};
  std::size_t used = 0;
  while (used < bytes.size() && !done() && !bad()) {
    if (state_ == State::kLength || state_ == State::kUntilClose || state_ == State::kData) {
      const Piece piece = TakeContent(bytes.substr(used));
      return {used + piece.used, piece.content};
    }
    Step(bytes[used++]);
  }
  return {used, {}};
}

bool BodyReader::Close() {
  if (state_ == State::kUntilClose) state_ = State::kDone;
  return done();
}

void BodyReader::StepSize(char c) {
  const int value = HexValue(c);
  if (value >= 0) {
    if (left_ >> 56 != 0) state_ = State::kBad;
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    digits_ = true;
  } else if (!digits_) {
    state_ = State::kBad;
  } else if (c == '\r') {
    state_ = State::kSizeLf;
  } else {
    state_ = c == ';' ? State::kExtension : State::kBad;
  }
}

void BodyReader::Step(char c) {
  const auto expect = [&](char wanted, State next) { state_ = c == wanted ? next : State::kBad; };
  if (++line_ > kMaxLine) state_ = State::kBad;
  switch (state_) {
    case State::kSize: StepSize(c); break;
    case State::kExtension:
      if (c == '\r') state_ = State::kSizeLf;
      else if (c == '\n') state_ = State::kBad;
      break;
    case State::kSizeLf:
      expect('\n', left_ == 0 ? State::kTrailerStart : State::kData);
      line_ = 0;
      break;
    case State::kDataCr: expect('\r', State::kDataLf); break;
    case State::kDataLf:
      expect('\n', State::kSize);
      line_ = 0;
      digits_ = false;
      break;
    case State::kTrailerStart: state_ = c == '\r' ? State::kEndLf : State::kTrailer; break;
    case State::kTrailer:
      if (c == '\r') state_ = State::kTrailerLf;
      else if (c == '\n') state_ = State::kBad;
      break;
    case State::kTrailerLf: expect('\n', State::kTrailerStart); break;
    case State::kEndLf: expect('\n', State::kDone); break;
    default: break;
  }
}

}  // namespace switchyard::tools::wire
