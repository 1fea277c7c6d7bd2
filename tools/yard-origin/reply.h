// Reply: what a scripted backend answers to one request, as data; and the pure function that decides it.
//
// Paths that mean something: `/echo` (method, target, headers, body length and CRC-32 as JSON), `/bytes/N`, `/status/N`, `/healthz`,
// `/ws` (WebSocket echo), `/sse?interval=MS&count=N` (events), and the control path:
//   GET/PUT /__origin/behaviour · GET /__origin/stats · GET/DELETE /__origin/log · GET /__origin/raw
// Every other path answers as the site's Behaviour says. Control, health and the paths above ignore the behaviour.
//
// Thread-safety: pure but for the site it is given. Bounds: `/bytes/N` up to 1 GiB; nothing of a body is held, it is made while written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "tools/wire/head.h"
#include "tools/yard-origin/behaviour.h"
#include "tools/yard-origin/site.h"

namespace switchyard::tools::origin {

struct Reply {
  // After the bytes are written (for kReset and kHang: instead of writing).
  enum class End : std::uint8_t { kKeep, kClose, kReset, kHang, kWebSocket, kEvents };

  Duration delay{0};       // before the first byte
  std::string head;        // interim responses, head, and small bodies as well
  std::uint64_t fill = 0;  // then so many pattern bytes
  bool chunked = false;    // ... each write as one chunk
  std::string tail;        // then this
  End end = End::kKeep;
  bool control = false;              // control or health path: not counted as a request
  Duration event_interval{0};        // kEvents
  std::uint64_t event_count = 0;     // kEvents; 0: no end
};

// The request as far as a reply depends on it.
struct RequestFacts {
  const wire::RequestHead& head;
  std::uint64_t body_bytes = 0;
  std::uint32_t body_crc = 0;
  std::string_view body_start;  // the first kKeptBody bytes, kept for the control path only
};
inline constexpr std::size_t kKeptBody = 4u << 20;

bool IsControlPath(std::string_view target);
// One of the paths above, which the behaviour does not touch.
bool IsNamedPath(std::string_view target);

// Appends `size` pattern bytes, as one chunk when `chunked`.
void AppendPattern(std::uint64_t size, bool chunked, std::string& out);

Reply MakeReply(const RequestFacts& request, Site& site, Lane& lane, const Behaviour& behaviour, Random& random);

// The answer to a request that makes no sense; the connection ends after it.
Reply BadRequestReply(std::string_view site_name, std::string_view why);

// Byte i of every made body: kPattern[i % kPattern.size()].
inline constexpr std::string_view kPattern = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";

}  // namespace switchyard::tools::origin
