// Line text: one line of the access log, from what is known of a request or tunnel that has ended.
//
// JSON, one object, one newline at its end, no other. What is not known (a route that was not found, the status of a tunnel) has no key.
// Keys: time (when it ended), id, client, listener, route, upstream, backend, method, host, path, protocol, status, grpc_status, cause,
// bytes_in, bytes_out (bodies, without framing), duration_ms (first byte of the request to the end of the response), upstream_ms (attempt
// sent to response head; of a tunnel: the connect), attempts, request_headers, response_headers.
// Bounds: paths are cut at kMaxPath, other values at kMaxValue bytes; bytes that are not UTF-8 become U+FFFD.
// Thread-safety: pure; a Stamp belongs to one thread. Cost: linear; allocates only where `out` has to grow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access_log/terms.h"
#include "agent/codec/head.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::access_log {

inline constexpr std::size_t kMaxPath = 2048;
inline constexpr std::size_t kMaxValue = 256;

struct Entry {
  std::string_view id{};
  std::string_view client{};
  std::string_view listener{};
  std::string_view route{};
  std::string_view upstream{};
  std::string_view backend{};
  std::string_view method{};
  std::string_view host{};
  std::string_view path{};
  std::string_view query{};  // with its `?`
  std::string_view protocol{};
  std::uint16_t status = 0;  // 0: none
  int grpc_status = -1;      // below 0: none
  Cause cause = Cause::kNone;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration took{};
  Duration upstream_took{-1};  // below zero: no attempt was sent
  unsigned attempts = 0;
  const std::vector<codec::Header>* request_headers = nullptr;  // null: there is no head
  std::string_view response_headers;                            // as AppendChosen wrote them when the head was sent
};

// Times in the form of RFC 3339, UTC, with milliseconds.
class Stamp {
 public:
  // Valid until the next call. Cost: a few stores within the same second.
  std::string_view Of(WallTime time);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

// `"name":"value"` of each chosen header that is there, with commas between; several of a name are joined by a comma.
void AppendChosen(std::string& out, const std::vector<ChosenHeader>& chosen, const std::vector<codec::Header>& headers);

void AppendLine(std::string& out, const Entry& entry, const Terms& terms, std::string_view time);

}  // namespace switchyard::agent::access_log
