// Press: takes the lines of the access log from the workers and writes them to standard output or a file, on a thread of its own.
//
// Workers never wait for it: each has a ring of kRingBytes (line_ring.h), and what finds no room there is dropped. Lines are on their way for
// kNap or so; kill -9 loses those, an orderly end none.
//
// Rotation: rename the file, then Reopen (SIGHUP): the file at the path is opened, made if need be, and everything goes there from then on. Nothing
// is lost, but what was being written goes to the renamed file a moment longer. If it cannot be opened the one before is kept.
// A disk that is full, a pipe without a reader: the lines are lost and counted, one line in the agent's log says so, each kRetry it is tried
// again, and one line says when it goes on. A pipe that is not read holds up this thread only; then the rings fill.
//
// Thread-safety: MakePen before the workers start; all else from any thread. Bounds: kRingBytes a worker; at the end kLastWords to write what
// is left, then it is given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/access_log/pen.h"
#include "common/base/clock.h"
#include "common/observe/log.h"

namespace switchyard::agent::access_log {

// Lines, since the start.
struct PressCounts {
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;  // no room: not written fast enough
  std::uint64_t failed = 0;   // could not be written
  bool failing = false;
};

class Press {
 public:
  static constexpr std::size_t kRingBytes = std::size_t{1} << 20;
  static constexpr Duration kNap = std::chrono::milliseconds(20);
  static constexpr Duration kRetry = std::chrono::seconds(1);
  static constexpr Duration kLastWords = std::chrono::seconds(1);

  // `target`: `stdout`, or a path. `clock` and `log` outlive the press.
  static absl::StatusOr<std::unique_ptr<Press>> Open(const std::string& target, const Clock& clock, observe::Log& log,
                                                     std::size_t ring_bytes = kRingBytes);
  ~Press();
  Press(const Press&) = delete;
  Press& operator=(const Press&) = delete;

  // For one worker; the press must outlive it.
  std::unique_ptr<Pen> MakePen(std::uint64_t seed);
  // Soon, on the press's thread.
  void Reopen();
  // Writes what is there and ends. REQUIRES: no pen is used any more. Idempotent; the destructor calls it.
  void Stop();
  PressCounts counts() const;

 private:
  // Shared with the thread, which may be held up in a write when the press goes.
  struct State;
  explicit Press(std::shared_ptr<State> state);
  const std::shared_ptr<State> state_;
};

}  // namespace switchyard::agent::access_log
