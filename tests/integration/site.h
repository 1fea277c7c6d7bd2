// Site: one fleet for a suite of tests, and the resources that a test of HTTP needs: a listener, a route, an upstream.
//
// Thread-safety: one thread. The fleet is started at the first use and shared by the whole program; each Site has its own names and port,
// so tests do not meet. Errors: a failed start or apply fails the test and leaves `ok()` false.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/harness/fleet.h"
#include "tests/harness/raw_backend.h"
#include "tests/harness/raw_http_client.h"
#include "tests/harness/socket.h"

namespace switchyard::integration {

// The fleet that every test of this program shares: one agent, two workers. Null (and a failed test) when it cannot start.
harness::Fleet* SharedFleet();

struct SiteOptions {
  // YAML flow maps for the parts of the resources, e.g. `{head_timeout: 300ms}`.
  std::string http = "{}";
  std::string timeouts = "{}";
  std::string pool = "{}";
  // Labels of the agents that open the listener, e.g. `{node: agent-0}`.
  std::string agents = "{}";
  // Added to the upstream, e.g. `balancer: ROUND_ROBIN`, one YAML line.
  std::string upstream_line;
  // Added to the listener, e.g. `protocol: HTTP2`, one YAML line.
  std::string listener_line;
  // host:port
  std::vector<std::string> backends;
  // Null: the shared fleet.
  harness::Fleet* fleet = nullptr;
};

class Site {
 public:
  explicit Site(SiteOptions options);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  bool ok() const { return ok_; }
  std::uint16_t port() const { return port_.port(); }
  const std::string& name() const { return name_; }
  // Fails the test when it cannot connect.
  harness::RawHttpClient Connect(int receive_buffer = 0) const;
  // The resources as YAML.
  std::string Yaml(const SiteOptions& options) const;
  harness::Fleet& fleet() const { return *fleet_; }

 private:
  harness::ReservedPort port_;
  std::string name_;
  std::string yaml_;
  harness::Fleet* fleet_ = nullptr;
  bool ok_ = false;
};

// A GET of `path` with a Host, nothing else.
std::string Get(const std::string& path);

}  // namespace switchyard::integration
