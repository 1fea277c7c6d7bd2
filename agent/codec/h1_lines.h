// Reads the lines of an HTTP/1 head, strictly: what two readers of the same bytes might read differently is refused.
//
// Each such difference is a way to smuggle a request (RFC 9112 sections 2.2, 3, 5.2, 11.2). So every line ends in CRLF; there is no other CR,
// LF or NUL; no line starts with white space (obs-fold); a field name is a token followed at once by a colon; the start line has single
// spaces. Checking and splitting are one pass: nothing is read by other eyes than those that judged it. tests/fuzz holds it beside llhttp.
//
// Thread-safety: pure functions. Cost: one table look-up per byte of names, sixteen bytes at a time of values; no allocation once the list of
// headers is large enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"

namespace switchyard::agent::codec {

// Where the head ends, given that the first `scanned` bytes were looked at before. Returns the number of bytes up to and with the empty
// line, or 0 when it is not there yet. A bare-LF empty line also ends the search, so that a sloppy head is refused at once and not by timeout.
std::size_t FindHeadEnd(std::string_view bytes, std::size_t scanned);

enum class LineFault : std::uint8_t { kNone, kMalformed, kTooManyHeaders };

// What a head is made of, as views into it. Field values come without the white space around them, and with their ids.
struct HeadLines {
  std::string_view method;  // requests: the three words of the start line
  std::string_view target;
  std::string_view version;
  std::string_view status;  // responses: the start line
};

// `head` ends with the empty line. Fills `lines` and appends to `headers`; what is there after a fault means nothing.
LineFault ReadHeadLines(std::string_view head, bool is_request, std::size_t max_headers, HeadLines& lines, std::vector<Header>& headers);

// A field value free of CR, LF, NUL and other controls (HTAB excepted).
bool IsFieldValue(std::string_view value);
// A non-empty token (RFC 9110 section 5.6.2).
bool IsToken(std::string_view text);

}  // namespace switchyard::agent::codec
