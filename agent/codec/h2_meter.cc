#include "agent/codec/h2_meter.h"

#include <algorithm>
#include <cstring>

namespace switchyard::agent::codec {
namespace {

// RFC 9113 section 6.
enum Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kResetStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::size_t kPrefaceBytes = 24;
constexpr std::int64_t kMinuteMicros = 60'000'000;

}  // namespace

bool H2Budget::Spend(TimePoint now) {
  if (refilled_ == TimePoint()) refilled_ = now;
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - refilled_).count();
  const std::int64_t came_back = std::min<std::int64_t>(passed, kMinuteMicros) * size_ / kMinuteMicros;
  if (came_back > 0) {
    left_ = static_cast<std::uint32_t>(std::min<std::int64_t>(size_, left_ + came_back));
    refilled_ = now;
  }
  if (left_ == 0) return false;
  --left_;
  return true;
}

H2Meter::H2Meter(const H2Limits& limits, bool preface)
    : limits_(limits), resets_(limits.resets), control_(limits.control_frames), skip_(preface ? kPrefaceBytes : 0) {}

std::size_t H2Meter::See(std::string_view bytes, TimePoint now) {
  std::size_t at = 0;
  while (at < bytes.size() && fault_ == Cause::kNone) {
    const std::size_t passed = std::min(skip_, bytes.size() - at);
    skip_ -= passed;
    at += passed;
    const std::size_t part = std::min(kHeaderBytes - header_has_, bytes.size() - at);
    std::memcpy(header_.data() + header_has_, bytes.data() + at, part);
    header_has_ += part;
    at += part;
    if (header_has_ < kHeaderBytes) continue;
    header_has_ = 0;
    skip_ = std::size_t{header_[0]} << 16U | std::size_t{header_[1]} << 8U | header_[2];
    SeeFrame(now);
  }
  return at;
}

std::uint32_t H2Meter::StreamOfHeader() const {
  return (header_[5] & 0x7fU) << 24U | std::uint32_t{header_[6]} << 16U | std::uint32_t{header_[7]} << 8U | header_[8];
}

void H2Meter::SeeFrame(TimePoint now) {
  const std::uint8_t type = header_[3];
  const std::uint8_t flags = header_[4];
  in_section_frame_ = type == kHeaders || type == kContinuation;
  switch (type) {
    case kData:
      if (skip_ == 0 && (flags & kEndStream) == 0 && !control_.Spend(now)) fault_ = Cause::kControlFlood;
      break;
    case kHeaders:
      ++sections_;
      open_section_ = (flags & kEndHeaders) == 0;
      continuations_ = 0;
      section_bytes_ = static_cast<std::uint32_t>(skip_);
      break;
    case kContinuation:
      open_section_ = (flags & kEndHeaders) == 0;
      section_bytes_ += static_cast<std::uint32_t>(skip_);
      if (++continuations_ > limits_.continuations) fault_ = Cause::kContinuationFlood;
      break;
    case kResetStream:
      if (!resets_.Spend(now)) fault_ = Cause::kResetFlood;
      break;
    case kPriority:
      // RFC 9113 section 6.3; nghttp2 looks no closer at what it ignores.
      if (StreamOfHeader() == 0) fault_ = Cause::kHttp2Error;
      if (fault_ == Cause::kNone && !control_.Spend(now)) fault_ = Cause::kControlFlood;
      break;
    case kPing:
    case kWindowUpdate:
      if (allowance_ > 0) {
        --allowance_;
        break;
      }
      [[fallthrough]];
    default:
      if (!control_.Spend(now)) fault_ = Cause::kControlFlood;
      break;
  }
  if (section_bytes_ > limits_.section_bytes && in_section_frame_) fault_ = Cause::kContinuationFlood;
}

void H2Meter::Provoked(TimePoint now) {
  if (fault_ == Cause::kNone && !resets_.Spend(now)) fault_ = Cause::kResetFlood;
}

}  // namespace switchyard::agent::codec
