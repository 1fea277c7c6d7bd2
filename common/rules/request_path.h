// Paths of requests: what agents let through, so that two readers of one path cannot resolve it to different places.
//
// One rule for both sides: agents refuse such requests, and validation refuses resources that name such paths, which could match nothing.
// Thread-safety: pure function. Cost: O(length), no allocation; three searches for single characters where nothing is encoded.
// Source: RFC 3986 sections 2.1 (encoding), 3.3 (path), 5.2.4 (dot segments).
#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard::rules {

enum class PathFault : std::uint8_t {
  kNone,
  kStart,      // does not start with one `/`: another one makes what follows a host
  kBackslash,  // some readers take it for `/`
  kEncoding,   // `%` without two hexadecimal digits behind it
  kDots,       // a segment `.` or `..`, also encoded
  kHidden,     // an encoded `/`, `\` or NUL
};

// The first of the faults that it has, in the order above. `path`: without query.
PathFault FaultOf(std::string_view path);

}  // namespace switchyard::rules
