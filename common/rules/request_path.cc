#include "common/rules/request_path.h"

#include <cstddef>

namespace switchyard::rules {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

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

// RFC 3986 section 2.3: they mean the same with and without encoding.
bool IsUnreserved(int byte) {
  const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
  return letter || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

// Percent-encodings must be whole, and must not hide a separator or a terminator.
PathFault EncodingFault(std::string_view path, bool& loose) {
  PathFault found = PathFault::kNone;
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (at + 2 >= path.size()) return PathFault::kEncoding;
    const int high = HexValue(path[at + 1]);
    const int low = HexValue(path[at + 2]);
    if (high < 0 || low < 0) return PathFault::kEncoding;
    const int byte = high * 16 + low;
    if (byte == 0 || byte == '/' || byte == '\\') found = PathFault::kHidden;
    loose = loose || IsUnreserved(byte) || path[at + 1] >= 'a' || path[at + 2] >= 'a';
  }
  return found;
}

}  // namespace

std::string Normalized(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t at = 0; at < path.size(); ++at) {
    const int high = path[at] == '%' && at + 2 < path.size() ? HexValue(path[at + 1]) : -1;
    const int low = high >= 0 ? HexValue(path[at + 2]) : -1;
    if (low < 0) {
      out += path[at];
      continue;
    }
    at += 2;
    if (IsUnreserved(high * 16 + low)) {
      out += static_cast<char>(high * 16 + low);
    } else {
      ((out += '%') += kDigits[high]) += kDigits[low];
    }
  }
  return out;
}

PathFault FaultOf(std::string_view path, bool* loose) {
  if (!path.starts_with('/') || path.starts_with("//")) return PathFault::kStart;
  if (path.find('\\') != std::string_view::npos) return PathFault::kBackslash;
  bool is_loose = false;
  const PathFault encoding = EncodingFault(path, is_loose);
  if (loose != nullptr) *loose = is_loose;
  if (encoding == PathFault::kEncoding) return encoding;
  return HasDotSegment(path) ? PathFault::kDots : encoding;
}

}  // namespace switchyard::rules
