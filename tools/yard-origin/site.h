// Site: one scripted backend - its name, its present behaviour, and what it saw.
//
// Each worker writes to its own lane, so serving takes no shared lock; readers add the lanes up.
// Thread-safety: `SetBehaviour`, `behaviour` and the JSON readers from any thread; a Lane's counters and `Remember*` by its worker only
// (the ring has a lock of its own, which only readers of the log contend for).
// Bounds: per lane `log_size` requests with at most kMaxLoggedHead bytes each; with raw logging the last kRawConnections connections
// with at most kMaxRaw bytes each. Older entries are overwritten.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tools/yard-origin/behaviour.h"

namespace switchyard::tools::origin {

struct Counters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> closed{0};
  std::atomic<std::uint64_t> requests{0};      // heads understood, control and health paths aside
  std::atomic<std::uint64_t> responses{0};     // answers handed to the kernel whole
  std::atomic<std::uint64_t> health_checks{0};
  std::atomic<std::uint64_t> body_bytes{0};    // of request bodies
  std::atomic<std::uint64_t> errors{0};        // answers by error_rate
  std::atomic<std::uint64_t> resets{0};
  std::atomic<std::uint64_t> hangs{0};
  std::atomic<std::uint64_t> truncated{0};
  std::atomic<std::uint64_t> bad_requests{0};  // heads or bodies refused as malformed
  std::atomic<std::uint64_t> aborted{0};       // the peer left before its answer was written
};

class Lane {
 public:
  static constexpr std::size_t kMaxLoggedHead = 65536;
  static constexpr std::size_t kRawConnections = 64;
  static constexpr std::size_t kMaxRaw = 65536;

  explicit Lane(std::size_t log_size) : ring_(log_size) {}

  Counters counters;

  // `error` is empty for a request that was understood.
  void RememberRequest(std::uint64_t connection, std::string_view head, std::string_view error);
  // Body facts of the request remembered last.
  void RememberBody(std::uint64_t bytes, std::uint32_t crc);
  void RememberRaw(std::uint64_t connection, std::string_view bytes);

  void AppendLog(std::string& json) const;
  void AppendRaw(std::string& json) const;
  void ClearLog();

 private:
  struct Entry {
    std::uint64_t connection = 0;
    std::string head;
    std::string error;
    std::uint64_t body_bytes = 0;
    std::uint32_t body_crc = 0;
  };
  struct Raw {
    std::uint64_t connection = 0;
    std::string bytes;
  };
  mutable std::mutex mutex_;
  std::vector<Entry> ring_;
  std::uint64_t written_ = 0;
  std::vector<Raw> raw_;
  std::size_t raw_next_ = 0;
};

class Site {
 public:
  Site(std::string name, unsigned workers, std::size_t log_size);

  const std::string& name() const { return name_; }
  Lane& lane(unsigned worker) { return *lanes_[worker]; }

  std::shared_ptr<const Behaviour> behaviour() const;
  // Grows with each SetBehaviour: a worker asks for the behaviour again only when this moved.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void SetBehaviour(Behaviour behaviour);

  std::string StatsJson() const;
  std::string LogJson() const;
  std::string RawJson() const;
  void ClearLog();

 private:
  std::string name_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Behaviour> behaviour_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace switchyard::tools::origin
