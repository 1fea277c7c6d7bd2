// The strict look at the bytes of an HTTP/1 head before the parser reads it.
//
// llhttp forgives some things that another reader of the same bytes may read differently: obs-fold, a bare LF after the request line,
// several spaces in it. Each such difference is a way to smuggle a request (RFC 9112 sections 2.2, 3, 5.2, 11.2). So a head is first
// checked line by line: every line ends in CRLF; no other CR, LF or NUL; no line starts with white space; a field name is a token followed
// at once by a colon; the start line has single spaces.
//
// Thread-safety: pure functions. Cost: one table look-up per byte of the names, memchr over the values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard::agent::codec {

// Where the head ends, given that the first `scanned` bytes were looked at before. Returns the number of bytes up to and with the empty
// line, or 0 when it is not there yet. A bare-LF empty line also ends the search, so that a sloppy head is refused at once and not by timeout.
std::size_t FindHeadEnd(std::string_view bytes, std::size_t scanned);

enum class LineFault : std::uint8_t { kNone, kMalformed, kTooManyHeaders };

// `head` ends with the empty line. `start_line_spaces`: a request line has exactly two; a status line at least one.
LineFault CheckHeadLines(std::string_view head, bool is_request, std::size_t max_headers);

// A field value free of CR, LF, NUL and other controls (HTAB excepted).
bool IsFieldValue(std::string_view value);
// A non-empty token (RFC 9110 section 5.6.2).
bool IsToken(std::string_view text);

}  // namespace switchyard::agent::codec
