// Probe: one question to one backend, and who can ask it.
//
// Contract of a ProbeRunner: `done` runs at most once, on the runner's loop, never within Start; destroying the returned Probe cancels it
// and then `done` never runs. The timeout covers everything, connect included.
// Thread-safety: loop thread only. Bounds: the caller bounds how many run at once; a response is read for at most 16 KiB.
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
  // False: connecting is the whole probe.
  bool http = false;
  std::string path;
  // Value of the `Host` header.
  std::string host;
  // Sorted. Empty: 200-299.
  std::vector<std::uint32_t> expected_statuses;
  Duration timeout = std::chrono::seconds(1);
  // For an HTTP probe; null: plain text.
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
