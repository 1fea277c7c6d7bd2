// ProbeResponse: finds the status code in the first bytes of an HTTP/1 response, and nothing else.
//
// Interim responses (1xx other than 101) are skipped, as RFC 9110 section 15.2 asks of a client. The status line is read as RFC 9112
// section 4 writes it: `HTTP/1.x SP 3DIGIT [SP reason]`, ended by LF with an optional CR before it.
//
// Thread-safety: one owner. Cost: linear in what is fed. Bounds: 16 KiB in all; beyond that the response counts as malformed.
// Pure: no socket; the bytes may come in any pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::agent::health {

class ProbeResponse {
 public:
  static constexpr std::size_t kMaxBytes = 16 * 1024;
  enum class Progress : std::uint8_t { kNeedMore, kDone, kMalformed };

  // Takes the next bytes. After kDone or kMalformed further bytes change nothing.
  Progress Feed(std::string_view bytes);
  // REQUIRES: Feed said kDone. 101-999, not an interim one.
  std::uint32_t status() const { return status_; }

 private:
  Progress Step();
  Progress SkipHead();

  std::string pending_;
  std::size_t taken_ = 0;
  bool in_interim_ = false;
  std::uint32_t status_ = 0;
  Progress progress_ = Progress::kNeedMore;
};

}  // namespace switchyard::agent::health
