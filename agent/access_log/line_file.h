// LineFile: where the lines end up: standard output, or a file that is only ever added to.
//
// A file is opened for appending, mode 0640, made if missing: two processes (an upgrade) may add to the same one. A write that ends within a
// line (a full disk) leaves it torn; the next write begins with a newline, so that only this one line is damaged.
// Thread-safety: one thread. Errors: Open names the path, the system's reason and the remedy; Write says how far it came.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/access_log/line_ring.h"

namespace switchyard::agent::access_log {

class LineFile {
 public:
  static constexpr const char* kStdout = "stdout";

  // `target`: `stdout`, or a path.
  static absl::StatusOr<LineFile> Open(const std::string& target);
  LineFile(LineFile&& other) noexcept : target_(std::move(other.target_)), fd_(std::exchange(other.fd_, -1)), torn_(other.torn_) {}
  LineFile& operator=(LineFile&&) = delete;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile();

  // Goes on with whatever is at the path now. After an error the one before is kept. Standard output has nothing to open anew.
  absl::Status Reopen();
  struct Result {
    std::size_t bytes = 0;
    int error = 0;  // errno; 0: all of it
  };
  Result Write(const LineRing::Parts& parts);
  const std::string& target() const { return target_; }

 private:
  LineFile(std::string target, int fd) : target_(std::move(target)), fd_(fd) {}

  std::string target_;
  int fd_;
  bool torn_ = false;
};

}  // namespace switchyard::agent::access_log
