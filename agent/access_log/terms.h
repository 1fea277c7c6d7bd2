// Terms: what a listener's `access_log` asks for, as a worker uses it. See proto/switchyard/v1/access_log.proto.
//
// Thread-safety: immutable once made; shared by all workers.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "switchyard/v1/access_log.pb.h"

namespace switchyard::agent::access_log {

// A header whose value the line holds.
struct ChosenHeader {
  std::string name;  // in small letters
  bool redacted = false;
};

struct Terms {
  double share = 1;  // of the requests that did not fail
  Duration slow = Duration::max();
  std::vector<ChosenHeader> request_headers;
  std::vector<ChosenHeader> response_headers;
  bool query = false;
};

Terms TermsOf(const v1::AccessLog& log);

}  // namespace switchyard::agent::access_log
