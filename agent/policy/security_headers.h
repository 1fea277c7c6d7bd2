// SecurityHeaders: response headers that tell browsers to be careful, unless the backend has said something itself.
//
// Thread-safety: immutable. Cost: O(preset * headers), no allocation. Source: `SecurityHeaders` in route.proto; RFC 6797 section 7.2 for
// Strict-Transport-Security over TLS only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/codec/head.h"

namespace switchyard::agent::policy {

struct SecurityHeaders {
  std::vector<std::pair<std::string, std::string>> always;
  std::string transport_security;  // empty: none

  void Apply(std::string_view scheme, std::vector<codec::Header>& headers) const;
};

}  // namespace switchyard::agent::policy
