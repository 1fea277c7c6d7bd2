// FileSource: the backends that a file lists. Looks at the file once a second and reads it when it has changed.
//
// The file holds YAML or JSON: a map with `backends`, as in Upstream. A file that is missing, too large, or wrong in any field changes
// nothing: the last good list holds and Status says what is wrong and where.
//
// Thread-safety: loop thread only. Cost: one stat(2) a second; a read when it has changed. Bounds: kMaxBytes, kMaxDiscovered backends.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/discovery/source.h"
#include "common/base/loop.h"

namespace switchyard::agent::discovery {

// The list in `text`. INVALID_ARGUMENT names line, field and reason of the first mistake.
absl::StatusOr<Backends> ParseBackendsFile(std::string_view text);

class FileSource final : public Source {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(1);
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

  FileSource(Loop& loop, std::string path, Found found);

  void Start() override;
  SourceStatus Status() const override { return status_; }

 private:
  void Look();
  void Read();
  absl::StatusOr<std::string> Load() const;

  Loop& loop_;
  const std::string path_;
  const Found found_;
  struct stat seen_ {};
  Backends good_;
  bool had_good_ = false;
  SourceStatus status_;
  std::unique_ptr<Loop::Timer> timer_;
};

}  // namespace switchyard::agent::discovery
