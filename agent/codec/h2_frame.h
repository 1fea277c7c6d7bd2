// The frames of HTTP/2 as bytes: kinds, flags and the header of nine bytes that stands before each.
//
// Thread-safety: pure functions. Source: RFC 9113 sections 4.1 (header), 4.2 (size), 6 (kinds and flags).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/codec/h2_types.h"

namespace switchyard::agent::codec {

enum class H2Frame : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kResetStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

// RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1.
enum class H2Setting : std::uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kMaxHeaderListSize = 6,
  kEnableConnectProtocol = 8,
  kNoRfc7540Priorities = 9,
};

inline constexpr std::uint8_t kH2EndStream = 0x1;
inline constexpr std::uint8_t kH2Ack = 0x1;
inline constexpr std::uint8_t kH2EndHeaders = 0x4;
inline constexpr std::uint8_t kH2Padded = 0x8;
inline constexpr std::uint8_t kH2Priority = 0x20;

inline constexpr std::size_t kH2HeaderBytes = 9;
inline constexpr std::size_t kH2SettingBytes = 6;
// The largest payload that everybody takes, and all that we take.
inline constexpr std::uint32_t kH2FrameBytes = 16'384;
inline constexpr std::uint32_t kH2MaxFrameBytes = 16'777'215;
inline constexpr std::uint32_t kH2MaxWindow = 0x7fffffff;
inline constexpr std::uint32_t kH2FirstWindow = 65'535;

struct H2FrameHeader {
  std::uint32_t length = 0;
  H2Frame type = H2Frame::kData;
  std::uint8_t flags = 0;
  StreamId stream = 0;
  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

inline std::uint32_t ReadBig32(const char* at) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(at);
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U | bytes[3];
}

inline void WriteBig32(char* at, std::uint32_t value) {
  at[0] = static_cast<char>(value >> 24U);
  at[1] = static_cast<char>(value >> 16U);
  at[2] = static_cast<char>(value >> 8U);
  at[3] = static_cast<char>(value);
}

inline H2FrameHeader ReadFrameHeader(const char* at) {
  return {ReadBig32(at) >> 8U, static_cast<H2Frame>(at[3]), static_cast<std::uint8_t>(at[4]), static_cast<StreamId>(ReadBig32(at + 5) & 0x7fffffffU)};
}

inline void WriteFrameHeader(char* at, const H2FrameHeader& header) {
  WriteBig32(at, header.length << 8U | static_cast<std::uint8_t>(header.type));
  at[4] = static_cast<char>(header.flags);
  WriteBig32(at + 5, static_cast<std::uint32_t>(header.stream));
}

inline void AppendFrameHeader(std::string& out, const H2FrameHeader& header) {
  std::array<char, kH2HeaderBytes> bytes;
  WriteFrameHeader(bytes.data(), header);
  out.append(bytes.data(), bytes.size());
}

}  // namespace switchyard::agent::codec
