// DeltaEncoder: the bytes of a push, made once and shared by all sessions that need the same.
//
// Thread-safety: every method from any thread. Cost: a hit is O(kMaxFrames) pointer compares; a miss serializes, without the lock held (two
// sessions may then do the same work once). Bounds: keeps at most kMaxFrames frames and kMaxBytes; oldest dropped first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

#include "controlplane/stream/session_state.h"
#include "controlplane/stream/wire.h"

namespace switchyard::controlplane::stream {

class DeltaEncoder {
 public:
  // A serialized ControllerMessage with the ConfigDelta of `push`.
  Frame Encode(const Push& push);
  // Frames made so far.
  std::uint64_t encodings() const;

 private:
  static constexpr std::size_t kMaxFrames = 64;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  // The snapshots are held, so an address cannot come to mean another one while it stands here.
  struct Entry {
    Push push;
    Frame frame;
  };
  static bool Same(const Push& a, const Push& b);
  void Keep(Entry entry);

  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t encodings_ = 0;
};

}  // namespace switchyard::controlplane::stream
