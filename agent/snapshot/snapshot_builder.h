// SnapshotBuilder: turns `switchyard.v1.Snapshot` into an AgentSnapshot.
//
// Parts whose resource did not change are taken over from the snapshot before, so that an unrelated change touches nothing. A resource that
// cannot be used is quarantined: it is named in the violations; its last good version goes into the result, or nothing if there never was
// one, and routes that need it answer 503 `quarantined`.
//
// Thread-safety: one thread (the data plane's). Cost: O(resources). Not for the request path.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/health/health_table.h"
#include "agent/snapshot/agent_snapshot.h"
#include "agent/snapshot/route_builder.h"
#include "agent/snapshot/tls_builder.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::snapshot {

class SnapshotBuilder {
 public:
  // Caps of listeners and pools are divided by `workers`.
  // `zone`: of this agent, may be empty.
  SnapshotBuilder(unsigned workers, std::string zone, health::HealthTable& health, std::shared_ptr<const tls::TicketKeyRing> tickets);

  struct Result {
    // Opening the sockets of its listeners may still fail; the data plane then puts the last good address in.
    std::shared_ptr<AgentSnapshot> snapshot;
    std::vector<v1::Violation> violations;
    // For the log.
    std::vector<std::string> warnings;
  };
  Result Build(const v1::Snapshot& proto);
  // Of the files on this host that the last snapshot names: there are some; they are no longer as they were read.
  bool has_files() const { return tls_.has_staples(); }
  bool FilesChanged() const { return tls_.StaplesChanged(); }

 private:
  struct BuiltUpstream {
    std::string bytes;  // of the resource it was built from
    std::shared_ptr<const upstream::UpstreamConfig> config;
  };

  void BuildUpstreams(const v1::Snapshot& proto, Result& result);
  void BuildListeners(const v1::Snapshot& proto, Result& result);
  std::shared_ptr<const upstream::UpstreamConfig> BuildUpstream(const v1::Resource& resource, std::vector<v1::Violation>& violations);
  // Fills in the table of routes that fits the listener's protocol. `routes` are built from `protos`, in the same order.
  static void AddRoutes(ListenerConfig& listener, const std::vector<const v1::Resource*>& protos,
                        const std::vector<std::shared_ptr<const router::Route>>& routes);
  std::uint32_t Share(std::uint32_t cap) const;

  const unsigned workers_;
  const std::string zone_;
  health::HealthTable& health_;
  TlsBuilder tls_;
  std::unordered_map<std::string, BuiltUpstream> upstreams_;
  RouteBuilder routes_;
  std::unordered_map<std::string, std::uint32_t> upstream_index_;  // of the snapshot being built
  bool tells_load_ = false;                                        // some listener of it does
};

}  // namespace switchyard::agent::snapshot
