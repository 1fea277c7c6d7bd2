// Whether a request whose attempt failed may go to another backend, without any retry policy being asked for.
//
// Safe by the protocol alone: nothing was sent (the connection never came up), or the method is idempotent and neither a byte of the
// response came back nor a byte of the body went out, or the backend itself said that it did not process the request.
// Source: RFC 9110 section 9.2.2, RFC 9112 section 9.3.1, RFC 9113 section 8.7.
// Bounds: at most kMaxAttempts attempts in all, and at most one after a request had been sent.
// Thread-safety: pure.
#pragma once

#include <string_view>

#include "common/base/cause.h"

namespace switchyard::agent::exchange {

struct AttemptFacts {
  Cause cause = Cause::kNone;
  std::string_view method;
  unsigned attempts = 0;      // made so far, this one included
  bool sent_before = false;   // an earlier attempt was already re-dispatched after sending
  bool body_touched = false;  // body bytes were taken from the client
  bool response_started = false;
};

inline constexpr unsigned kMaxAttempts = 3;

bool MayRedispatch(const AttemptFacts& facts);
// RFC 9110 section 9.2.2.
bool IsIdempotent(std::string_view method);

}  // namespace switchyard::agent::exchange
