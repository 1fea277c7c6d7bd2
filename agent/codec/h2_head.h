// From a header section of HTTP/2 to the heads that every exchange understands, under the same rules that HTTP/1 heads obey.
//
// A request that came over HTTP/2 may leave over HTTP/1, so nothing may pass that would read differently there (downgrade smuggling): the
// path and authority obey request_target.h, names are tokens, values hold no CR, LF or NUL, `host` agrees with `:authority`, connection fields
// and transfer codings are refused, content-length is one number.
//
// Thread-safety: pure functions. Cost: O(bytes). The heads view `fields`. Errors: a Cause of the client, or kBadResponse.
// Source: RFC 9113 sections 8.1.1 (malformed), 8.2 (fields), 8.3 (pseudo-header fields), 8.5 (CONNECT); RFC 8441 section 4.
#pragma once

#include "agent/codec/h1_parser.h"
#include "agent/codec/h2_fields.h"
#include "common/base/cause.h"

namespace switchyard::agent::codec {

// `ends`: the section ends the request, so there is no body. An extended CONNECT becomes a GET that wants the upgrade named in :protocol.
Cause ReadRequestHead(H2Fields& fields, const HeadLimits& limits, bool ends, RequestHead& out);

// `ends`: the section ends the response. `to_head_request`: it answers HEAD.
Cause ReadResponseHead(H2Fields& fields, bool ends, bool to_head_request, ResponseHead& out);

}  // namespace switchyard::agent::codec
