// The request target and the authority: splitting and refusing.
//
// Thread-safety: pure functions. Cost: O(length), no allocation but as said.
// Source: RFC 9112 section 3.2 (forms of the target), RFC 3986 sections 3.2.2, 5.2.4.
#pragma once

#include <string_view>

#include "agent/codec/head.h"

namespace switchyard::agent::codec {

// Fills path, path_and_query and, for the absolute form, authority, from `head.target`. False: not a form that this method may use, a
// scheme other than http/https, or a path that two readers could resolve differently (common/rules/request_path.h).
// Allocates only for a path that is to be normalized.
bool SplitTarget(RequestHead& head);

// `host[:port]` or `[IPv6][:port]`, without user information.
bool IsAuthority(std::string_view text);
std::string_view HostOfAuthority(std::string_view authority);

}  // namespace switchyard::agent::codec
