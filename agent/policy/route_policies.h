// RoutePolicies: the compiled policies of one route. What is null or empty does nothing.
//
// Built once per change of the route (agent/snapshot/policy_builder.h), shared by all workers, and kept from one configuration to the next
// when the route did not change. The limiters hold counts; they are kept even when the rest of the route changes.
// Thread-safety: immutable but for the counts of limiters, copies and open compression streams, which take any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "agent/policy/access.h"
#include "agent/policy/compression.h"
#include "agent/policy/cors.h"
#include "agent/policy/error_pages.h"
#include "agent/policy/header_changes.h"
#include "agent/policy/rate_limit.h"
#include "agent/policy/redirect.h"
#include "agent/policy/rewrite.h"
#include "agent/policy/security_headers.h"

namespace switchyard::agent::policy {

struct Mirror {
  // Copies of a route under way, on all workers together. Source: `Mirror` in route.proto.
  static constexpr std::uint32_t kMost = 256;

  Mirror(std::uint32_t share, std::uint64_t most_body) : per_million(share), max_body_bytes(most_body) {}

  std::uint32_t per_million;
  std::uint64_t max_body_bytes;
  mutable std::atomic<std::uint32_t> under_way{0};
};

struct RoutePolicies {
  std::unique_ptr<const Access> access;
  std::unique_ptr<const Cors> cors;
  std::shared_ptr<RouteLimiter> route_limiter;
  std::shared_ptr<ClientLimiter> client_limiter;
  std::unique_ptr<const Redirect> redirect;
  std::unique_ptr<const DirectResponse> direct_response;
  std::unique_ptr<const Rewrite> rewrite;
  std::unique_ptr<const HeaderChanges> request_headers;
  std::unique_ptr<const Mirror> mirror;
  ErrorPages error_pages;
  std::unique_ptr<const SecurityHeaders> security_headers;
  std::unique_ptr<const HeaderChanges> response_headers;
  std::unique_ptr<const Compression> compression;
  // Some value asks for %request_id%, so the request needs one.
  bool uses_request_id = false;

  bool empty() const {
    return !access && !cors && !route_limiter && !client_limiter && !redirect && !direct_response && !rewrite && !request_headers && !mirror &&
           error_pages.empty() && !security_headers && !response_headers && !compression;
  }
};

}  // namespace switchyard::agent::policy
