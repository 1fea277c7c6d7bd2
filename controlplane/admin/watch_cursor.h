// WatchCursor: reads the history forward, one generation at a time, for one watcher.
//
// The store's bounded history is the buffer: nothing is kept per watcher but the last generation delivered. While a watcher catches up it
// may be as far behind as the history reaches. Once it has caught up, one that falls more than kMaxLag generations behind is too slow.
// Thread-safety: one owner. Cost: one read of the store per generation.
// Errors: OUT_OF_RANGE (the asked generation is no longer in the history, was lost from it meanwhile, or does not exist yet);
// RESOURCE_EXHAUSTED (too slow).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

class WatchCursor {
 public:
  static constexpr std::uint64_t kMaxLag = 1000;

  // Deliver what comes after `after`; 0: from the oldest in the history. `store` outlives this.
  WatchCursor(const store::Store* store, std::uint64_t after);

  // The next generation, or nothing when the watcher has them all.
  absl::StatusOr<std::optional<v1::WatchResponse>> Next();

 private:
  absl::Status Begin(std::uint64_t newest);

  const store::Store* store_;
  std::uint64_t delivered_;
  bool begun_ = false;
  bool caught_up_ = false;
};

}  // namespace switchyard::controlplane::admin
