// gRPC, as far as a proxy has to know it: which requests are gRPC, how long their callers wait, and how an error of ours is said.
//
// Thread-safety: pure functions. Source: gRPC over HTTP/2 (PROTOCOL-HTTP2.md), the gRPC status codes and their HTTP mapping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/breaker/outcome.h"
#include "agent/codec/head.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::exchange {

// Where a response says how it went, in its trailers or, without a message, in its head.
inline constexpr std::string_view kGrpcStatus = "grpc-status";

// HTTP/2 with a content-type of `application/grpc`, alone or followed by `+` or `;`.
bool IsGrpc(const codec::RequestHead& head);

// `grpc-timeout`: at most 8 digits and a unit of H M S m u n. Nothing when absent or not understood: an odd value is the backend's to judge.
std::optional<Duration> GrpcTimeout(const codec::RequestHead& head);
// The same in its shortest exact-enough form, never longer than `left`; zero when nothing is left.
std::string FormatGrpcTimeout(Duration left);

// The status code, in digits, that says the same as the cause.
std::string_view GrpcStatusOf(Cause cause);
// The number of a `grpc-status` field; below 0 when it is none.
std::int16_t GrpcCodeOf(std::string_view digits);
// What a code says about who answered: UNKNOWN, INTERNAL and DATA_LOSS are server errors, UNAVAILABLE is a gateway error. What a caller can bring about at will
// (arguments, methods that do not exist, short deadlines) is none: it must not be able to open breakers.
breaker::Outcome OutcomeOfGrpc(std::int16_t code);

}  // namespace switchyard::agent::exchange
