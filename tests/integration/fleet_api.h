// FleetApi: FleetService as a test calls it, without the start of a yardctl process per change.
//
// Thread-safety: any thread. Errors: the server's, as absl::Status.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "switchyard/v1/fleet.grpc.pb.h"
#include "tests/harness/fleet.h"

namespace switchyard::integration {

class FleetApi {
 public:
  explicit FleetApi(const harness::Fleet& fleet);
  // `wait`: until every connected agent has applied it; zero: do not wait.
  absl::StatusOr<v1::ApplyResponse> Apply(const std::vector<v1::Resource>& resources, Duration wait);
  absl::StatusOr<v1::AgentsResponse> Agents();

 private:
  std::unique_ptr<v1::FleetService::Stub> stub_;
};

// Resources as most tests need them.
v1::Resource MakeListener(const std::string& name, std::uint16_t port);
v1::Resource MakeRoute(const std::string& name, const std::string& listener, const std::string& upstream);
v1::Resource MakeUpstream(const std::string& name, const std::vector<std::string>& backends);

}  // namespace switchyard::integration
