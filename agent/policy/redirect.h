// Redirect: where a request is sent instead. DirectResponse: an answer that needs no backend.
//
// Thread-safety: immutable. Cost: O(length of the URL). Source: `Redirect`, `DirectResponse` in route.proto; RFC 9110 section 15.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/policy/facts.h"
#include "agent/policy/header_changes.h"

namespace switchyard::agent::policy {

// How a path is replaced: nothing, the whole of it, or the prefix that matched.
enum class PathChange : std::uint8_t { kNone, kWhole, kPrefix };

// `matched`: the prefix that the route matched by. By whole segments: `/api` -> `/` turns `/api/x` into `/x`.
std::string ReplacePrefix(std::string_view path, std::string_view matched, std::string_view replacement);

struct Redirect {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  PathChange path_change = PathChange::kNone;
  std::string path;
  std::uint16_t status = 302;
  bool strip_query = false;

  // The value of `Location`; empty: it is the URL that was asked for, so the client would go round in circles.
  std::string Location(const Facts& facts, std::string_view matched) const;
};

struct DirectResponse {
  std::uint16_t status = 200;
  std::string body;
  std::string content_type;
  std::vector<HeaderChanges::Change> headers;
};

}  // namespace switchyard::agent::policy
