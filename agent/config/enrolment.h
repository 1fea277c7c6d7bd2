// Enrolment: how an agent becomes a member of the fleet, once.
//
// Steps: 1. fetch the controller's CA over a raw TLS connection and accept it only if its SHA-256 is the one in the join token; 2. make a key
// (or take the one in the data directory) and a certificate signing request; 3. call AgentService.Enroll over TLS checked against that CA;
// 4. write the files (identity_files.h). Until step 1 has succeeded the token's secret is not sent to anybody.
//
// Thread-safety: blocking, for a thread that may wait; at most `timeout` for each of steps 1 and 3.
// Errors: UNAVAILABLE and DEADLINE_EXCEEDED are worth another try; UNAUTHENTICATED, PERMISSION_DENIED and INVALID_ARGUMENT are final and say
// what to do. Messages never hold the secret.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "agent/config/identity_files.h"
#include "agent/config/join_token.h"
#include "common/base/clock.h"

namespace switchyard::agent::config {

struct EnrolmentRequest {
  // HOST:PORT of the controller; IPv6 as [::1]:7400.
  std::string controller;
  JoinToken token;
  std::string node;
  std::string data_directory;
  Duration timeout = std::chrono::seconds(5);
};

absl::StatusOr<Identity> Enrol(const EnrolmentRequest& request);
// Another try may succeed without anybody changing anything.
bool WorthAnotherTry(const absl::Status& status);

}  // namespace switchyard::agent::config
