// HttpMessage: a request or response as a test reads it off the wire, and the reading of it.
//
// Deliberately not the product's parser: a small, literal reader of well-formed messages, which refuses what it does not expect and keeps
// the exact bytes. Only for what tests receive; what they send is written by hand.
// Thread-safety: values. Bounds: a head of at most 1 MiB; a body of at most 1 GiB.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::harness {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpMessage {
  // `HTTP/1.1 200 OK` or `GET / HTTP/1.1`.
  std::string start_line;
  // In order, names as they came, values without outer white space.
  HeaderList headers;
  // Decoded: without chunk framing.
  std::string body;
  HeaderList trailers;
  // The bytes of start line and headers, the closing empty line included.
  std::string head;

  // Of a response; 0 when the start line is not one.
  int status() const;
  // First value of that name, compared without case; empty when absent.
  std::string_view Header(std::string_view name) const;
  std::size_t CountHeader(std::string_view name) const;
  bool chunked() const;
};

// The length of the head at the front of `bytes` (closing empty line included), or nothing when it is not complete.
std::optional<std::size_t> HeadLength(std::string_view bytes);
// REQUIRES: `head` is one whole head. INVALID_ARGUMENT quotes what is odd.
absl::StatusOr<HttpMessage> ParseHead(std::string_view head);

// How far a body goes.
enum class BodyKind { kNone, kLength, kChunked, kUntilClose };
struct BodyFrame {
  BodyKind kind = BodyKind::kNone;
  std::size_t length = 0;
};
// `to_head`: the response answers a HEAD request.
BodyFrame FrameOfResponse(const HttpMessage& message, bool to_head);
BodyFrame FrameOfRequest(const HttpMessage& message);

// Takes a whole chunked body from the front of `bytes` into `message` and returns how many bytes it was; nothing when incomplete;
// INVALID_ARGUMENT when it is not a chunked body.
absl::StatusOr<std::optional<std::size_t>> TakeChunked(std::string_view bytes, HttpMessage& message);

// Bytes as text for failure messages: control characters as escapes, cut after `most`.
std::string Printable(std::string_view bytes, std::size_t most = 2000);

}  // namespace switchyard::harness
