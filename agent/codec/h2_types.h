// The small words of HTTP/2 that more than one part speaks: stream numbers, error codes, settings of our side.
//
// Thread-safety: values. Source: RFC 9113 sections 5.1.1 (numbers), 6.5.2 (settings), 7 (error codes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard::agent::codec {

using StreamId = std::int32_t;

enum class H2Error : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kSettingsTimeout = 4,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kConnectError = 10,
  kEnhanceYourCalm = 11,
  kInadequateSecurity = 12,
  kHttp11Required = 13,
};

// What a client sends first (RFC 9113 section 3.4).
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What our side of a connection promises and bears. Bytes unless said otherwise.
struct H2Settings {
  std::uint32_t max_concurrent_streams = 100;
  std::uint32_t stream_window = 65'536;         // that one stream may send before we have taken it
  std::uint32_t connection_window = 1'048'576;  // that all of them may
  std::uint32_t max_field_bytes = 32'768;       // of one header section, as RFC 9113 section 6.5.2 counts: 32 more per field
  std::uint32_t max_fields = 100;
  std::uint32_t header_table_bytes = 4'096;  // HPACK, of the peer's encoder
  bool extended_connect = false;             // RFC 8441
};

}  // namespace switchyard::agent::codec
