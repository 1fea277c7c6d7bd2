// Affinity: where a request belongs by its own words: the key of hash balancers, and the session cookie.
//
// A cookie's value is 16 hex digits, a hash of upstream and address: it tells nobody an address, and means the same to every agent. A client
// can send any value; it chooses among backends that may take its request anyway.
// Thread-safety: pure. Cost: O(headers), no allocation but in SetCookie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "common/base/clock.h"

namespace switchyard::agent::upstream {

struct HashSource {
  enum class Kind : std::uint8_t { kHeader, kCookie, kQuery, kSourceAddress, kPath };
  Kind kind = Kind::kSourceAddress;
  std::string name;
};

struct StickyPolicy {
  std::string cookie;
  std::string attributes;  // what stands behind the value: `; Path=/; HttpOnly`...
};

// The key of the first source that the request has.
std::optional<std::uint64_t> KeyOf(const std::vector<HashSource>& sources, const codec::RequestHead& head, std::string_view client_ip);

// Null data when there is no such cookie; the first when there are several.
std::string_view CookieOf(const std::vector<codec::Header>& headers, std::string_view name);
// The value of a parameter of the query, without decoding; null data when it is absent.
std::string_view QueryValueOf(std::string_view path_and_query, std::string_view name);

// A number that stands for one backend in cookies.
std::uint64_t SessionIdOf(std::string_view upstream, std::string_view address);
std::optional<std::uint64_t> ParseSessionId(std::string_view text);
// The value of `Set-Cookie`.
std::string SetCookie(const StickyPolicy& policy, std::uint64_t session_id);

// Attributes of a cookie; `ttl` zero: no Max-Age. HttpOnly and SameSite=Lax always: scripts have no use for it.
std::string CookieAttributes(std::string_view path, Duration ttl, bool secure);

}  // namespace switchyard::agent::upstream
