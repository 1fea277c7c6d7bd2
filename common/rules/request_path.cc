#include "common/rules/request_path.h"

#include <cstddef>

namespace switchyard::rules {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsDotSegment(std::string_view segment) {
  // Encoded dots decode to dots; a segment longer than `%2e%2e` cannot be one.
  std::size_t dots = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] == 'e' || segment[2] == 'E')) {
      segment.remove_prefix(3);
    } else {
      return false;
    }
    if (++dots > 2) return false;
  }
  return dots > 0;
}

bool HasDotSegment(std::string_view path) {
  if (path.find('.') == std::string_view::npos && path.find('%') == std::string_view::npos) return false;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (IsDotSegment(path.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

// Percent-encodings must be whole, and must not hide a separator or a terminator.
PathFault EncodingFault(std::string_view path) {
  PathFault found = PathFault::kNone;
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (at + 2 >= path.size()) return PathFault::kEncoding;
    const int high = HexValue(path[at + 1]);
    const int low = HexValue(path[at + 2]);
    if (high < 0 || low < 0) return PathFault::kEncoding;
    const int byte = high * 16 + low;
    if (byte == 0 || byte == '/' || byte == '\\') found = PathFault::kHidden;
  }
  return found;
}

}  // namespace

PathFault FaultOf(std::string_view path) {
  if (!path.starts_with('/') || path.starts_with("//")) return PathFault::kStart;
  if (path.find('\\') != std::string_view::npos) return PathFault::kBackslash;
  const PathFault encoding = EncodingFault(path);
  if (encoding == PathFault::kEncoding) return encoding;
  return HasDotSegment(path) ? PathFault::kDots : encoding;
}

}  // namespace switchyard::rules
