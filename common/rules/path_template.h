// PathTemplate: a condition on a path, segment by segment.
//
// `*` and `{name}` stand for exactly one segment that is not empty, `**` at the end for all that follows, also nothing. Everything else
// is compared as it stands, normalized (request_path.h). A trailing slash is a segment of its own, which only `**` covers.
// Thread-safety: immutable. Cost: O(length), no allocation. Errors: INVALID_ARGUMENT that says what is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::rules {

class PathTemplate {
 public:
  static constexpr std::size_t kMaxSegments = 64;

  static absl::StatusOr<PathTemplate> Parse(std::string_view text);
  bool Matches(std::string_view path) const;

 private:
  struct Segment {
    std::string literal;
    bool any = false;
  };
  std::vector<Segment> segments_;
  bool open_ = false;  // ends in `**`
};

}  // namespace switchyard::rules
