#include "tools/yard-load/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/wire/head.h"

namespace switchyard::tools::load {
namespace {

absl::Status BadUrl(std::string_view url) {
  return absl::InvalidArgumentError(fmt::format("`{}` is not a URL of the form http://host[:port][/path]", url));
}

bool GivesHeader(const Plan& plan, std::string_view name) {
  return std::any_of(plan.headers.begin(), plan.headers.end(), [&](const std::string& header) {
    return wire::EqualsIgnoreCase(std::string_view(header).substr(0, header.find(':')), name);
  });
}

}  // namespace

absl::StatusOr<Target> ParseTarget(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return BadUrl(url);
  std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  Target out;
  out.authority = rest.substr(0, slash);
  out.target = rest.substr(slash);
  if (out.target.empty() || out.target.front() != '/') out.target.insert(0, "/");
  std::string_view authority = out.authority;
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return BadUrl(url);
  const std::size_t colon = authority.find(':', bracket);
  out.host = bracket > 0 ? authority.substr(1, bracket - 1) : authority.substr(0, colon);
  out.port = colon == std::string_view::npos ? "80" : authority.substr(colon + 1);
  const bool digits = std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (out.host.empty() || out.port.empty() || out.port.size() > 5 || !digits) return BadUrl(url);
  if (std::any_of(url.begin(), url.end(), [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f; })) return BadUrl(url);
  return out;
}

std::string RequestBytes(const Plan& plan, const Target& target) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", plan.method, target.target);
  if (!GivesHeader(plan, "host")) out += fmt::format("host: {}\r\n", target.authority);
  if (!GivesHeader(plan, "user-agent")) out += "user-agent: yard-load\r\n";
  for (const std::string& header : plan.headers) out += header + "\r\n";
  if (plan.body_size > 0 || plan.method == "POST" || plan.method == "PUT" || plan.method == "PATCH")
    out += fmt::format("content-length: {}\r\n", plan.body_size);
  if (plan.close) out += "connection: close\r\n";
  out += "\r\n";
  out.append(plan.body_size, 'x');
  return out;
}

bool IsIdempotent(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

}  // namespace switchyard::tools::load
