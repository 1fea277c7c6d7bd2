// Status values across the wire: absl::Status inside, grpc::Status on gRPC's side. The codes are the same numbers.
//
// Status details: an INVALID_ARGUMENT may carry a serialized `switchyard.v1.Violations` as its details. `WithViolations` puts it there,
// cut to kMaxDetailBytes (`total` still counts all); `ViolationsOf` reads it.
// Thread-safety: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::rpc {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// REQUIRES: status is not OK.
grpc::Status WithViolations(const absl::Status& status, v1::Violations violations);
// Empty when there are none or the details are something else.
v1::Violations ViolationsOf(const grpc::Status& status);

}  // namespace switchyard::rpc
