// Paths of requests: what agents let through, so that two readers of one path cannot resolve it to different places.
//
// One rule for both sides: agents refuse such requests, and validation refuses resources that name such paths, which could match nothing.
// What means the same is made the same, in requests and in the paths of rules: an encoded letter, digit, `-`, `.`, `_` or `~` is decoded, hexadecimal
// digits of other encodings are capitals.
// Thread-safety: pure functions. Cost: O(length); FaultOf without allocation, three searches for single characters where nothing is encoded.
// Source: RFC 3986 sections 2.1 (encoding), 2.3 (unreserved characters), 3.3 (path), 5.2.4 (dot segments), 6.2.2.1 and 6.2.2.2 (normalization).
#pragma once

#include <cstdint>
#include <string>
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

// The first of the faults that it has, in the order above. `path`: without query. `loose`, if given, tells whether
// Normalized gives another text (of a path without faults).
PathFault FaultOf(std::string_view path, bool* loose = nullptr);

// `/%61%c3%A9%2561` is `/a%C3%A9%2561`. What is not well-formed stays as it is.
std::string Normalized(std::string_view path);

}  // namespace switchyard::rules
