#include "agent/codec/body_reader.h"

#include <algorithm>

namespace switchyard::agent::codec {

BodyReader::State BodyReader::Start(Framing framing, std::uint64_t content_length, std::uint64_t max_bytes) {
  framing_ = framing;
  remaining_ = content_length;
  allowance_ = max_bytes;
  state_ = State::kMore;
  if (framing == Framing::kNone || (framing == Framing::kLength && content_length == 0)) state_ = State::kDone;
  if (framing == Framing::kLength && content_length > max_bytes) state_ = State::kTooLarge;
  if (framing == Framing::kChunked) {
    if (chunks_) {
      chunks_->Restart();
    } else {
      chunks_.emplace();
    }
  }
  return state_;
}

BodyReader::State BodyReader::Feed(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data) {
  consumed = 0;
  if (state_ != State::kMore || input.empty()) return state_;
  if (framing_ == Framing::kChunked) return FeedChunked(input, consumed, data);
  std::size_t take = input.size();
  if (framing_ == Framing::kLength) {
    take = static_cast<std::size_t>(std::min<std::uint64_t>(take, remaining_));
    remaining_ -= take;
    if (remaining_ == 0) state_ = State::kDone;
  } else if (take > allowance_) {
    return state_ = State::kTooLarge;
  } else {
    allowance_ -= take;
  }
  data.push_back(input.substr(0, take));
  consumed = take;
  return state_;
}

BodyReader::State BodyReader::FeedChunked(std::string_view input, std::size_t& consumed, std::vector<std::string_view>& data) {
  const std::size_t before = data.size();
  switch (chunks_->Feed(input, consumed, data)) {
    case ChunkDecoder::State::kMore:
      break;
    case ChunkDecoder::State::kDone:
      state_ = State::kDone;
      break;
    case ChunkDecoder::State::kBad:
      return state_ = State::kBad;
  }
  for (std::size_t i = before; i < data.size(); ++i) {
    if (data[i].size() > allowance_) return state_ = State::kTooLarge;
    allowance_ -= data[i].size();
  }
  return state_;
}

BodyReader::State BodyReader::Finish() {
  if (state_ == State::kMore) state_ = framing_ == Framing::kUntilClose ? State::kDone : State::kBad;
  return state_;
}

const Trailers* BodyReader::trailers() const {
  return framing_ == Framing::kChunked && !chunks_->trailers().empty() ? &chunks_->trailers() : nullptr;
}

}  // namespace switchyard::agent::codec
