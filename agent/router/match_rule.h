// MatchRule: the compiled form of `switchyard.v1.RouteMatch`, and whether a request satisfies what is not its path.
//
// Thread-safety: immutable after building; shared by all workers. Cost: O(conditions * headers); the client's address is read as a number only
// when some rule asks for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "agent/router/value_condition.h"
#include "common/rules/network.h"
#include "common/rules/path_template.h"

namespace switchyard::agent::router {

// In order of precedence.
enum class PathKind : std::uint8_t { kExact, kTemplate, kRegex, kPrefix };

struct MatchRule {
  PathKind kind = PathKind::kPrefix;
  // As written: exact path, prefix, or the text of the template or regex.
  std::string path = "/";
  std::vector<std::string> methods;
  std::vector<ValueCondition> headers;
  std::vector<ValueCondition> query;
  std::vector<ValueCondition> cookies;
  std::vector<rules::Network> sources;
  std::vector<std::string> sni;  // server names of hellos, for SniTable; empty: all
  bool grpc = false;  // requests with a gRPC content type only
  std::shared_ptr<const rules::Pattern> regex;
  std::shared_ptr<const rules::PathTemplate> path_template;
};

// What routing looks at.
struct RoutedRequest {
  const codec::RequestHead& head;
  std::string_view client_ip;
  std::optional<rules::IpAddress> client;  // read when first asked for
};

// REQUIRES: kTemplate or kRegex.
bool PatternCovers(const MatchRule& rule, std::string_view path);
// All but the path. `answers_preflight`: a CORS preflight counts as the request that it asks for.
bool Satisfied(const MatchRule& rule, RoutedRequest& request, bool answers_preflight);
// An OPTIONS request by which a browser asks for leave (Fetch standard, CORS-preflight request). The method asked for, or empty.
std::string_view PreflightMethod(const codec::RequestHead& head);

}  // namespace switchyard::agent::router
