#include "controlplane/validation/match_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/rules/network.h"
#include "common/rules/path_template.h"
#include "common/rules/pattern.h"
#include "common/rules/request_path.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {

namespace {

// What agents refuse; empty: nothing of it.
Text RefusedIn(Text path, PathUse use) {
  switch (rules::FaultOf(path)) {
    case rules::PathFault::kNone:
      break;
    case rules::PathFault::kStart:
      return "a leading '//'";
    case rules::PathFault::kBackslash:
      return "'\\'";
    case rules::PathFault::kEncoding:
      return "a '%' without two hexadecimal digits behind it; a percent sign itself is written %25";
    case rules::PathFault::kDots:
      return "'.' and '..' segments, also encoded as %2e";
    case rules::PathFault::kHidden:
      return use == PathUse::kElsewhere ? Text() : Text("an encoded '/' (%2F), '\\' (%5C) and NUL (%00)");
  }
  return {};
}

}  // namespace

void CheckPathText(const std::string& field, Text path, PathUse use, Findings& out) {
  if (path.size() > config::kMaxPathLength) {
    out.Add(field, fmt::format("has {} characters; at most {} allowed", path.size(), config::kMaxPathLength));
  } else if (!path.starts_with('/')) {
    out.Add(field, fmt::format("is {}; expected a path that starts with '/'", Quoted(path)));
  } else if (!IsPath(path)) {
    out.Add(field,
            fmt::format(
                "is {}; expected visible ASCII characters without '?' and '#': paths are compared without the query, in the encoded form",
                Quoted(path)));
  } else if (const Text refused = RefusedIn(path, use); !refused.empty()) {
    out.Add(field, fmt::format("is {}, which no request can match or be given: agents refuse {}", Quoted(path), refused));
  }
}

void CheckHeaderValue(const std::string& field, Text value, Findings& out) {
  if (value.size() > config::kMaxHeaderValueLength) {
    out.Add(field, fmt::format("has {} characters; at most {} allowed", value.size(), config::kMaxHeaderValueLength));
  } else if (!IsFieldValue(value)) {
    out.Add(field,
            fmt::format("is {}, which no header can hold: expected no control characters and no space at either end", Quoted(value)));
  }
}

void CheckHeaderName(const std::string& field, Text name, Findings& out) {
  if (IsToken(name) && name.size() <= config::kMaxHeaderNameLength) return;
  out.Add(field, name.empty() ? std::string("is missing; expected the name of a header")
                              : fmt::format("is {}; expected the name of a header, of 1 to {} characters", Quoted(name),
                                            config::kMaxHeaderNameLength));
}

void CheckNetworks(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& networks, std::size_t most,
                   Findings& out) {
  const int count = CheckSize(at, field, networks.size(), most, out);
  for (int i = 0; i < count; ++i) {
    const auto network = rules::Network::Parse(networks[i]);
    if (!network.ok()) out.Add(At(At(at, field), i), std::string(Message(network.status())));
  }
}

void CheckMethodList(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& methods, Findings& out) {
  const int count = CheckSize(at, field, methods.size(), config::kMaxMethods, out);
  for (int i = 0; i < count; ++i) {
    const std::string& method = methods[i];
    const bool lower = std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (IsToken(method) && !lower && method.size() <= config::kMaxMethodLength) continue;
    out.Add(At(At(at, field), i), fmt::format("is {}; expected a request method in upper case, such as GET, of 1 to {} characters",
                                              Quoted(method), config::kMaxMethodLength));
  }
}

namespace {

// The start of a value may end with a space.
Text WithoutTrailingBlanks(Text text) {
  const std::size_t last = text.find_last_not_of(" \t");
  return last == Text::npos ? text : text.substr(0, last + 1);
}

void CheckRegex(const std::string& field, Text text, Findings& out) {
  const auto pattern = rules::Pattern::Compile(text);
  if (!pattern.ok()) out.Add(field, std::string(Message(pattern.status())));
}

void CheckTemplate(const std::string& field, Text text, Findings& out) {
  if (text.size() > config::kMaxPathLength) {
    return out.Add(field, fmt::format("has {} characters; at most {} allowed", text.size(), config::kMaxPathLength));
  }
  const auto parsed = rules::PathTemplate::Parse(text);
  if (!parsed.ok()) return out.Add(field, fmt::format("is {}, which {}", Quoted(text), Message(parsed.status())));
  CheckPathText(field, text, PathUse::kHere, out);
}

void CheckPath(const std::string& at, const v1::PathMatch& path, Findings& out) {
  switch (path.kind_case()) {
    case v1::PathMatch::kExact:
      return CheckPathText(At(at, "exact"), path.exact(), PathUse::kHere, out);
    case v1::PathMatch::kPrefix:
      return CheckPathText(At(at, "prefix"), path.prefix(), PathUse::kHere, out);
    case v1::PathMatch::kRegex:
      return CheckRegex(At(at, "regex"), path.regex(), out);
    case v1::PathMatch::kTemplate:
      return CheckTemplate(At(at, "template"), path.template_(), out);
    case v1::PathMatch::KIND_NOT_SET:
      break;
  }
  out.Add(at, "has no condition; expected `exact`, `prefix`, `template` or `regex` (leave `path` out to match every path)");
}

// HeaderMatch and ParameterMatch have the same conditions.
template <class Match>
void CheckValue(const std::string& at, const Match& match, Findings& out) {
  switch (match.kind_case()) {
    case Match::kExact:
      return CheckHeaderValue(At(at, "exact"), match.exact(), out);
    case Match::kPrefix:
      return CheckHeaderValue(At(at, "prefix"), WithoutTrailingBlanks(match.prefix()), out);
    case Match::kRegex:
      return CheckRegex(At(at, "regex"), match.regex(), out);
    case Match::kPresent:
      return;
    case Match::KIND_NOT_SET:
      break;
  }
  out.Add(at, "has no condition; expected `exact`, `prefix`, `regex` or `present`");
}

void CheckParameters(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<v1::ParameterMatch>& parameters,
                     Findings& out) {
  const int count = CheckSize(at, field, parameters.size(), config::kMaxParameterMatches, out);
  for (int i = 0; i < count; ++i) {
    const std::string entry = At(At(at, field), i);
    const std::string& name = parameters[i].name();
    if (name.empty()) {
      out.Add(At(entry, "name"), "is missing; expected the name of a parameter or cookie");
    } else if (name.size() > config::kMaxParameterNameLength || !IsFieldValue(name)) {
      out.Add(At(entry, "name"), fmt::format("is {}; expected 1 to {} characters without control characters", Quoted(name),
                                             config::kMaxParameterNameLength));
    }
    CheckValue(entry, parameters[i], out);
  }
}

void CheckGrpc(const std::string& at, const v1::RouteMatch& match, Findings& out) {
  if (match.has_path()) out.Add(At(at, "grpc"), "stands together with `path`; service and method are the path of a gRPC request, so give one of them");
  const auto word = [](Text text) {
    return text.size() <= config::kMaxHeaderNameLength &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
           });
  };
  if (!word(match.grpc().service())) {
    out.Add(At(at, "grpc.service"), fmt::format("is {}; expected a full service name, such as shop.v1.Orders", Quoted(match.grpc().service())));
  }
  if (!word(match.grpc().method()) || match.grpc().method().find('.') != std::string::npos) {
    out.Add(At(at, "grpc.method"), fmt::format("is {}; expected a method name, such as Place", Quoted(match.grpc().method())));
  }
}

}  // namespace

void CheckMatches(const v1::Route& route, Findings& out) {
  const int count = CheckSize("spec", "matches", route.matches_size(), config::kMaxMatches, out);
  for (int i = 0; i < count; ++i) {
    const v1::RouteMatch& match = route.matches(i);
    const std::string at = At("spec.matches", i);
    if (match.has_path()) CheckPath(At(at, "path"), match.path(), out);
    if (match.has_grpc()) CheckGrpc(at, match, out);
    CheckMethodList(at, "methods", match.methods(), out);
    const int headers = CheckSize(at, "headers", match.headers_size(), config::kMaxHeaderMatches, out);
    for (int h = 0; h < headers; ++h) {
      const std::string entry = At(At(at, "headers"), h);
      CheckHeaderName(At(entry, "name"), match.headers(h).name(), out);
      CheckValue(entry, match.headers(h), out);
    }
    CheckParameters(at, "query", match.query(), out);
    CheckParameters(at, "cookies", match.cookies(), out);
    CheckNetworks(at, "sources", match.sources(), config::kMaxSources, out);
  }
}

bool MatchesByPrefixOnly(const v1::Route& route) {
  return std::all_of(route.matches().begin(), route.matches().end(), [](const v1::RouteMatch& match) {
    return !match.has_grpc() && (!match.has_path() || match.path().has_prefix());
  });
}

}  // namespace switchyard::controlplane::validation
