#include "common/rules/path_template.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard::rules {
namespace {

absl::Status Bad(std::string_view why) { return absl::InvalidArgumentError(std::string(why)); }

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool IsVariable(std::string_view segment) {
  return segment == "*" || (segment.size() > 2 && segment.front() == '{' && segment.back() == '}' && IsName(segment.substr(1, segment.size() - 2)));
}

// The next segment; `rest` starts with the slash before it.
std::string_view TakeSegment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  if (!text.starts_with('/')) return Bad("does not start with '/'");
  PathTemplate out;
  while (!text.empty()) {
    if (out.open_) return Bad("has `**` before its end; it stands for the rest of the path");
    if (out.segments_.size() == kMaxSegments) return Bad(fmt::format("has more than {} segments", kMaxSegments));
    const std::string_view segment = TakeSegment(text);
    if (segment == "**") {
      out.open_ = true;
    } else if (IsVariable(segment)) {
      out.segments_.push_back({{}, true});
    } else if (segment.find_first_of("*{}") != std::string_view::npos) {
      return Bad("has a '*', '{' or '}' within a segment; `*`, `{name}` and `**` are whole segments");
    } else {
      out.segments_.push_back({std::string(segment), false});
    }
  }
  return out;
}

bool PathTemplate::Matches(std::string_view path) const {
  if (!path.starts_with('/')) return false;
  for (const Segment& expected : segments_) {
    if (path.empty()) return false;
    const std::string_view segment = TakeSegment(path);
    if (expected.any ? segment.empty() : segment != expected.literal) return false;
  }
  return path.empty() || open_;
}

}  // namespace switchyard::rules
