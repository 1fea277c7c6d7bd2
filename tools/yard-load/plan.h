// Plan: what load to make. A value; nothing here knows a socket.
//
// Thread-safety: a value. Bounds: checked by ParseOptions (options.cc) for people; a Runner takes any plan with at least one target,
// one connection and one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::tools::load {

// One place to send to. With several, a connection starts at one of them (spread evenly) and goes on to the next when it cannot connect,
// as a client with several addresses of one name does.
struct Target {
  std::string host;    // name or IP literal, without brackets
  std::string port;
  std::string target;  // path and query
  std::string authority;  // for the Host header
};

struct Plan {
  std::vector<Target> targets;
  std::string method = "GET";
  std::vector<std::string> headers;  // `Name: value`
  std::uint64_t body_size = 0;

  // Requests per second over all connections, each with a fixed intended start. 0: closed loop, every connection sends as soon as it can.
  double rate = 0;
  Duration duration{0};  // 0: until Stop
  Duration warmup{0};    // requests intended before its end are made but not counted
  Duration timeout = std::chrono::seconds(10);  // of one request, from its sending
  unsigned connections = 10;
  unsigned threads = 1;
  bool close = false;   // a new connection for each request
  bool resend = true;   // an idempotent request again, once, when a reused connection ends before any response byte (RFC 9112 section 9.3.1)
  bool timeline = false;
  std::string count_header;  // lower case; empty: none
  bool poisson = false;  // intended starts are those of a Poisson process of that rate, not evenly spaced
  std::uint64_t seed = 1;
};

// `http://host[:port][/path]`. INVALID_ARGUMENT otherwise.
absl::StatusOr<Target> ParseTarget(std::string_view url);

// The bytes of one request to that target.
std::string RequestBytes(const Plan& plan, const Target& target);

bool IsIdempotent(std::string_view method);

}  // namespace switchyard::tools::load
