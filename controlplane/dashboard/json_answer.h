// Answers of the dashboard as JSON: messages of the API as `yardctl -o json` prints them, without the white space; and errors.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "controlplane/dashboard/exchange.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::dashboard {

// On one line.
std::string CompactJson(const google::protobuf::Message& message);

Response JsonResponse(std::string json);
// `{"code": "NOT_FOUND", "message": "...", "violations": {...}}`, with the HTTP status that fits.
Response ErrorResponse(const absl::Status& status, const v1::Violations& violations = {});

}  // namespace switchyard::controlplane::dashboard
