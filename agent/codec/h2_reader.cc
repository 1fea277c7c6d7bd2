#include "agent/codec/h2_reader.h"

#include <algorithm>
#include <cstring>

namespace switchyard::agent::codec {

bool H2Reader::TakePreface(std::string_view& bytes) {
  const std::size_t size = std::min(bytes.size(), kH2Preface.size() - has_);
  if (bytes.substr(0, size) != kH2Preface.substr(has_, size)) return false;
  bytes.remove_prefix(size);
  has_ = static_cast<std::uint8_t>(has_ + size);
  if (has_ < kH2Preface.size()) return true;
  has_ = 0;
  state_ = State::kHeader;
  return true;
}

bool H2Reader::TakeHeader(std::string_view& bytes) {
  if (has_ == 0 && bytes.size() >= kH2HeaderBytes) {
    header_ = ReadFrameHeader(bytes.data());
    bytes.remove_prefix(kH2HeaderBytes);
  } else {
    const std::size_t size = std::min(bytes.size(), kH2HeaderBytes - has_);
    std::memcpy(partial_.data() + has_, bytes.data(), size);
    bytes.remove_prefix(size);
    has_ = static_cast<std::uint8_t>(has_ + size);
    if (has_ < kH2HeaderBytes) return false;
    has_ = 0;
    header_ = ReadFrameHeader(partial_.data());
  }
  left_ = header_.length;
  return true;
}

bool H2Reader::Gather(std::string_view& bytes) {
  const std::size_t size = std::min<std::size_t>(left_, bytes.size());
  if (size == left_ && gathered_.empty()) {
    payload_ = bytes.substr(0, size);
    state_ = State::kHeader;
  } else {
    gathered_.append(bytes.substr(0, size));
    payload_ = gathered_;
    if (size == left_) state_ = State::kGathered;
  }
  bytes.remove_prefix(size);
  left_ -= static_cast<std::uint32_t>(size);
  return left_ == 0;
}

H2Reader::Step H2Reader::Next(std::string_view& bytes) {
  while (true) {
    switch (state_) {
      case State::kPreface:
        if (bytes.empty()) return Step::kMore;
        if (!TakePreface(bytes)) return Step::kBad;
        break;
      case State::kGathered:
        gathered_ = std::string();
        state_ = State::kHeader;
        [[fallthrough]];
      case State::kHeader:
        return !bytes.empty() && TakeHeader(bytes) ? Step::kHeader : Step::kMore;
      case State::kWhole:
        return Gather(bytes) ? Step::kWhole : Step::kMore;
      case State::kPieces:
      case State::kSkipped: {
        const std::size_t size = std::min<std::size_t>(left_, bytes.size());
        if (size == 0 && left_ > 0) return Step::kMore;
        payload_ = bytes.substr(0, size);
        bytes.remove_prefix(size);
        left_ -= static_cast<std::uint32_t>(size);
        const bool skipped = state_ == State::kSkipped;
        if (left_ == 0) state_ = State::kHeader;
        if (!skipped) return Step::kPiece;
        break;
      }
    }
  }
}

}  // namespace switchyard::agent::codec
