// Heads of HTTP/1.1 messages, as the two traffic tools read them.
//
// Not the proxy's parser (that is agent/codec on llhttp): yard-origin and yard-load must show what was on the wire without asking the
// code under test. Strict about what matters for framing (RFC 9112): CRLF line ends, a token before the colon, no white space before it,
// no line folding. Views point into the text that was parsed; nothing is copied.
//
// Thread-safety: pure functions. Cost: one pass over the bytes; `fields` keeps its capacity between messages.
// Bounds: kMaxFields lines; the caller bounds the bytes. Errors: `false`, with `error` saying what was wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace switchyard::tools::wire {

inline constexpr std::size_t kMaxFields = 1000;

struct Field {
  std::string_view name;
  std::string_view value;  // without white space around it
};

// What both heads share. How a body follows is decided by `Framing`.
struct Head {
  int minor_version = 1;  // HTTP/1.x
  std::vector<Field> fields;
  const char* error = "";

  // First value of that name, without case; empty when absent.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  // A comma-separated list (`Connection`, `Transfer-Encoding`) holds that word, without case, in any line of that name.
  bool Lists(std::string_view name, std::string_view word) const;
  // RFC 9112 section 9.3: does the connection stay open after this message?
  bool KeepsAlive() const;
};

struct RequestHead : Head {
  std::string_view method;
  std::string_view target;
};

struct ResponseHead : Head {
  int status = 0;
};

// Bytes up to and with the empty line, searching from `from`; 0 when it is not there yet. `from` may be 0 or where the last search ended.
std::size_t FindHeadEnd(std::string_view bytes, std::size_t from = 0);

// REQUIRES: `bytes` ends with the empty line.
bool ParseRequest(std::string_view bytes, RequestHead& out);
bool ParseResponse(std::string_view bytes, ResponseHead& out);

// How long the body is.
struct Framing {
  enum class Kind : std::uint8_t { kNone, kLength, kChunked, kUntilClose, kBad };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;
};

// RFC 9112 section 6.3. Content-Length beside Transfer-Encoding, differing or malformed lengths and codings other than chunked are kBad.
Framing RequestFraming(const RequestHead& head);
// `to_head`: it answers a HEAD request.
Framing ResponseFraming(const ResponseHead& head, bool to_head);

// Without case, ASCII only.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace switchyard::tools::wire
