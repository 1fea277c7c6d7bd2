// HeapTrim: gives memory back to the system some time after a large configuration was taken over. That leaves as much memory again with the
// allocator, which returns nothing by itself.
//
// Thread-safety: the loop's thread. Cost: some milliseconds of that thread, at most every ten seconds; workers go on.
#pragma once

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <memory>

#include "common/base/loop.h"

namespace switchyard::agent {

class HeapTrim {
 public:
  static constexpr std::size_t kLargeBytes = 128U << 10U;
  static constexpr Duration kAfter = std::chrono::seconds(10);

  explicit HeapTrim(Loop& loop) : loop_(loop) {}

  // A configuration of this size was taken over.
  void TookOver(std::size_t bytes) {
    if (bytes < kLargeBytes || timer_) return;
    timer_ = loop_.After(kAfter, [this] {
      timer_.reset();
      malloc_trim(0);
    });
  }

 private:
  Loop& loop_;
  std::unique_ptr<Loop::Timer> timer_;
};

}  // namespace switchyard::agent
