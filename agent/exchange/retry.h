// Whether an upstream's retry policy asks for another attempt, and after which wait.
//
// Only what the client has not seen and what can be sent again: no byte of a response is out and no byte of the body was taken. Once something
// was sent the method must be idempotent, unless the policy says otherwise. What the protocol alone makes safe is redispatch.h.
// Thread-safety: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/upstream/upstream_config.h"
#include "common/base/cause.h"
#include "common/base/random.h"

namespace switchyard::agent::exchange {

struct FailedAttempt {
  Cause cause = Cause::kNone;   // why there is no response; kNone: there is one
  std::uint16_t status = 0;     // of the response
  std::string_view method;
  unsigned attempts = 0;        // made so far, this one included
  bool sent = true;             // something has gone to the backend
  bool body_touched = false;    // body bytes were taken from the client
  bool response_started = false;  // bytes have gone to the client
};

bool PolicyAllows(const upstream::RetryPolicy& policy, const FailedAttempt& failed);
// Before the `retry`-th retry, 1 first: at random up to base * 2^(retry-1), at most the policy's longest.
Duration BackoffOf(const upstream::RetryPolicy& policy, unsigned retry, Random& random);

}  // namespace switchyard::agent::exchange
