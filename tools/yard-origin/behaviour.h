// Behaviour: how a scripted backend answers, as one value that can be switched while it serves.
//
// In JSON (every field optional; an unknown field is refused):
//   {"latency": {"kind": "constant", "ms": 5}               also: uniform {min_ms, max_ms}, exponential {mean_ms}, lognormal {median_ms, sigma},
//                                                            normal {mean_ms, sd_ms}, of which only what is above 0 counts
//    "slots": 0,                                              answers that are worked on at a time, by each thread; the others queue. 0: no bound
//    "load_header": false,                                    `endpoint-load-metrics` with in-flight and, with slots, utilisation
//    "status": 200, "error_rate": 0.1, "error_status": 503,  share of answers with another status
//    "reset_rate": 0, "hang_rate": 0, "truncate_rate": 0,     shares of connections reset, never answered, cut in mid-body
//    "body_size": 1024, "chunked": false, "headers": {}, "trailers": {},   trailers need chunked
//    "length_offset": 0,                                      the Content-Length lies by that much
//    "early_hints": false,                                    a 103 before the answer
//    "close": false,                                          answer with `Connection: close`
//    "close_after": 0,                                        close without a word after so many answers on one connection
//    "keep_alive_ms": 0,                                      close an idle connection after so long
//    "health_status": 200,                                    what /healthz says; the rest does not touch it
//    "raw": ""}                                               these bytes instead of any answer, then close
//
// Rates are shares of 0-1, drawn independently: reset, hang, error, truncate in this order.
// Thread-safety: a value; shared read-only once made. Bounds: latency <= 10 min, body_size <= 1 GiB, 64 headers, raw <= 1 MiB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::tools::origin {

struct Latency {
  enum class Kind : std::uint8_t { kNone, kConstant, kUniform, kExponential, kLognormal, kNormal };
  Kind kind = Kind::kNone;
  double a_ms = 0;  // ms, min_ms, mean_ms or median_ms
  double b = 0;     // max_ms, sigma or sd_ms

  // One draw, 0 to 10 minutes.
  Duration Draw(Random& random) const;
};

struct Behaviour {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  Latency latency;
  std::uint32_t slots = 0;
  bool load_header = false;
  int status = 200;
  double error_rate = 0;
  int error_status = 503;
  double reset_rate = 0;
  double hang_rate = 0;
  double truncate_rate = 0;
  std::uint64_t body_size = 16;
  bool chunked = false;
  Headers headers;
  Headers trailers;
  std::int64_t length_offset = 0;
  bool early_hints = false;
  bool close = false;
  std::uint32_t close_after = 0;
  std::uint32_t keep_alive_ms = 0;
  int health_status = 200;
  std::string raw;

  // Nothing random and nothing to wait for: the answer is always the same bytes.
  bool IsPlain() const;
};

// Starts from the defaults. INVALID_ARGUMENT names the field.
absl::StatusOr<Behaviour> ParseBehaviour(std::string_view json);
// Reads back by ParseBehaviour.
std::string ToJson(const Behaviour& behaviour);

}  // namespace switchyard::tools::origin
