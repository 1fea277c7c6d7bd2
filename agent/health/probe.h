// Probe: one question to one backend, and who can ask it.
//
// Contract of a ProbeRunner: `done` runs at most once, on the runner's loop, never within Start; destroying the returned Probe cancels it
// and then `done` never runs. The timeout covers everything, connect included.
// Thread-safety: loop thread only. Bounds: the caller bounds how many run at once; of an answer at most 64 KiB are looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/health/verdict.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::tls {
class ClientContext;
}

namespace switchyard::agent::health {

// How to ask.
struct ProbeSpec {
  enum class Kind : std::uint8_t { kTcp, kHttp, kGrpc };
  Kind kind = Kind::kTcp;
  std::string path;
  // Value of the `Host` header or of `:authority`.
  std::string host;
  // Sorted. Empty: 200-299.
  std::vector<std::uint32_t> expected_statuses;
  // Of an HTTP request, in order.
  std::vector<std::pair<std::string, std::string>> headers;
  // Text to find in a body, or in what a TCP backend says. Empty: nothing is read for it.
  std::string expected_text;
  // What a TCP probe says first.
  std::string send;
  // What a gRPC probe asks about.
  std::string service;
  // In plain text HTTP/2 is spoken at once; over TLS, what was agreed on.
  bool http2 = false;
  Duration timeout = std::chrono::seconds(1);
  // Null: plain text.
  std::shared_ptr<const tls::ClientContext> tls;
  friend bool operator==(const ProbeSpec&, const ProbeSpec&) = default;

  bool Expects(std::uint32_t status) const;
};

struct ProbeResult {
  ProbeVerdict verdict = ProbeVerdict::kInconclusive;
  // Why, for people: `status 503`, `connect refused`, `timeout after 1s`. For a success: `status 200`, `connected`.
  std::string reason;
};

class Probe {
 public:
  virtual ~Probe() = default;
};

class ProbeRunner {
 public:
  virtual ~ProbeRunner() = default;
  virtual std::unique_ptr<Probe> Start(const Endpoint& backend, const ProbeSpec& spec, std::function<void(ProbeResult)> done) = 0;
};

}  // namespace switchyard::agent::health
