#include "agent/codec/h2_meter.h"

#include <algorithm>

namespace switchyard::agent::codec {
namespace {

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

void H2Meter::Spend(H2Budget& budget, Cause cause, TimePoint now) {
  if (fault_ == Cause::kNone && !budget.Spend(now)) fault_ = cause;
}

void H2Meter::See(const H2FrameHeader& header, TimePoint now) {
  switch (header.type) {
    case H2Frame::kData:
      if (header.length == 0 && !header.has(kH2EndStream)) Spend(control_, Cause::kControlFlood, now);
      return;
    case H2Frame::kHeaders:
      continuations_ = 0;
      section_bytes_ = header.length;
      break;
    case H2Frame::kContinuation:
      section_bytes_ += header.length;
      if (++continuations_ > limits_.continuations) fault_ = Cause::kContinuationFlood;
      break;
    case H2Frame::kResetStream:
      return Spend(resets_, Cause::kResetFlood, now);
    case H2Frame::kPing:
      if (pings_ == 0) return Spend(control_, Cause::kControlFlood, now);
      --pings_;
      return;
    case H2Frame::kWindowUpdate:
      if (updates_ == 0) return Spend(control_, Cause::kControlFlood, now);
      --updates_;
      return;
    default:
      return Spend(control_, Cause::kControlFlood, now);
  }
  if (section_bytes_ > limits_.section_bytes) fault_ = Cause::kContinuationFlood;
}

void H2Meter::Provoked(TimePoint now) { Spend(resets_, Cause::kResetFlood, now); }

void H2Meter::Ignored(TimePoint now) { Spend(control_, Cause::kControlFlood, now); }

}  // namespace switchyard::agent::codec
