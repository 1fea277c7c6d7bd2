// Reads complete HTTP/1 heads: the lines by h1_lines.h, and here what they mean: version, target, host, framing, persistence.
//
// The caller collects the bytes of a head in one contiguous buffer until FindHeadEnd finds its end; so a head is parsed in one call and
// all its text is views into that buffer. Never sees a socket.
//
// Thread-safety: pure functions. Cost: O(bytes), no allocation once the head's vector is large enough.
// Errors: a Cause of the client (requests) or kBadResponse (responses); what was parsed before is then meaningless.
// Source: RFC 9112 sections 3 (request line), 5 (fields), 6 (framing), 9.3 (persistence); RFC 9110 sections 7.2 (Host), 7.8 (Upgrade).
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/codec/head.h"
#include "common/base/cause.h"

namespace switchyard::agent::codec {

struct HeadLimits {
  std::size_t max_head_bytes = 32768;
  std::size_t max_headers = 100;
  std::size_t max_target_bytes = 8192;
};

// `bytes` is one whole head, empty line included. Refuses, beyond bad syntax: Transfer-Encoding with Content-Length, several or listed
// Content-Length values, any transfer coding but a single `chunked` (501), Transfer-Encoding in HTTP/1.0, no or several Host fields in
// HTTP/1.1, a Host that is not `host[:port]`, CONNECT (501), an unknown expectation (417), dot segments, encoded slashes and NULs in the path.
Cause ParseRequestHead(std::string_view bytes, const HeadLimits& limits, RequestHead& out);

// Early refusal while the head is still incomplete: kNone, kHeadTooLarge, kTargetTooLong, or kBadRequest for what can never become a head.
Cause CheckPartialRequestHead(std::string_view bytes, const HeadLimits& limits);

// `to_head_request`: the response answers HEAD, so it has no body whatever its fields say.
Cause ParseResponseHead(std::string_view bytes, const HeadLimits& limits, bool to_head_request, ResponseHead& out);

}  // namespace switchyard::agent::codec
