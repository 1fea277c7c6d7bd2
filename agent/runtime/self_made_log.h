// SelfMadeLog: the log lines of requests that Switchyard answered itself or cut. The cause is the word of the header and of the counter.
//
// Thread-safety: any thread. Bounds: kPerSecond lines each second over all workers; what is above is counted and told with the next line.
// Cost: one atomic when above the bound.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "agent/exchange/server_stream.h"
#include "common/base/clock.h"
#include "common/observe/log.h"

namespace switchyard::agent::runtime {

class SelfMadeLog {
 public:
  static constexpr std::uint32_t kPerSecond = 20;

  // `log` may be null: nothing is written.
  explicit SelfMadeLog(observe::Log* log) : log_(log) {}
  void Write(const std::string& listener, const exchange::Summary& summary, TimePoint now);

 private:
  observe::Log* const log_;
  std::atomic<std::int64_t> second_{-1};
  std::atomic<std::uint32_t> written_{0};
  std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace switchyard::agent::runtime
