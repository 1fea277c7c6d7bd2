// H2Meter: counts what a peer makes us do and says when it is too much.
//
// Sees the header of every frame, before anything is done about it, so that even frames which cause no event count. Each kind of abuse has a
// budget, a token bucket that is full at first and refills evenly over a minute:
//   resets    RST_STREAM by the peer, and stream errors that the peer provokes (CVE-2023-44487 "rapid reset", CVE-2025-8671)
//   control   SETTINGS, PRIORITY, empty DATA without END_STREAM, frames of unknown kinds, header sections of no stream, and PING and
//             WINDOW_UPDATE beyond what our DATA frames explain (CVE-2019-9511 to -9518); PING, which is answered, by at most kMostPings
// A header section may have so many CONTINUATION frames and bytes (CVE-2024-27316 and its kin).
//
// Thread-safety: one thread. Cost: a few instructions per frame. Bounds: H2Limits. Source: RFC 9113 sections 4.1 (frame header), 10.5.
#pragma once

#include <algorithm>
#include <cstdint>

#include "agent/codec/h2_frame.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::codec {

struct H2Limits {
  std::uint32_t resets = 200;            // a minute
  std::uint32_t control_frames = 1'000;  // a minute
  std::uint32_t continuations = 8;       // of one section
  std::uint32_t section_bytes = 65'536;  // of one section, as compressed
};

// Tokens that come back evenly: `size` of them a minute.
class H2Budget {
 public:
  explicit H2Budget(std::uint32_t size) : size_(size), left_(size) {}
  // False: none is left.
  bool Spend(TimePoint now);

 private:
  std::uint32_t size_;
  std::uint32_t left_;
  TimePoint refilled_{};
};

class H2Meter {
 public:
  explicit H2Meter(const H2Limits& limits) : limits_(limits), resets_(limits.resets), control_(limits.control_frames) {}

  // A frame has begun; what it makes `fault()` is to be acted on before the frame is.
  void See(const H2FrameHeader& header, TimePoint now);
  Cause fault() const { return fault_; }
  // Each DATA frame that we send explains some window updates and pings. Not so a small piece (`whole` is false) of what was there to send: who
  // keeps the window that small makes us send a frame per byte.
  void SentData(bool whole) {
    if (!whole) return;
    updates_ += kFramesPerData;
    pings_ = std::min(pings_ + kFramesPerData, kMostPings);
  }
  // The peer made us reset a stream.
  void Provoked(TimePoint now);
  // It made us decode a header section that belongs to no stream any more.
  void Ignored(TimePoint now);

 private:
  static constexpr std::uint32_t kFramesPerData = 4;
  static constexpr std::uint32_t kFreeFrames = 64;
  static constexpr std::uint32_t kMostPings = 1'000;

  void Spend(H2Budget& budget, Cause cause, TimePoint now);

  const H2Limits limits_;
  H2Budget resets_;
  H2Budget control_;
  std::uint64_t updates_ = kFreeFrames;  // WINDOW_UPDATE that costs nothing
  std::uint32_t pings_ = kFreeFrames;
  std::uint32_t continuations_ = 0;
  std::uint32_t section_bytes_ = 0;
  Cause fault_ = Cause::kNone;
};

}  // namespace switchyard::agent::codec
