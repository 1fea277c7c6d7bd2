#include "agent/health/probe_response.h"

namespace switchyard::agent::health {
namespace {

// 0 when `line` is not a status line. `line` has no line end.
std::uint32_t StatusOf(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  // HTTP/1.1 200
  if (line.size() < 12 || line.substr(0, kVersion.size()) != kVersion) return 0;
  if (line[7] < '0' || line[7] > '9' || line[8] != ' ') return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  std::uint32_t status = 0;
  for (std::size_t i = 9; i < 12; ++i) {
    if (line[i] < '0' || line[i] > '9') return 0;
    status = status * 10 + static_cast<std::uint32_t>(line[i] - '0');
  }
  return status >= 100 ? status : 0;
}

std::string_view WithoutCr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

ProbeResponse::Progress ProbeResponse::Feed(std::string_view bytes) {
  if (progress_ != Progress::kNeedMore) return progress_;
  taken_ += bytes.size();
  pending_.append(bytes);
  progress_ = Step();
  if (progress_ == Progress::kNeedMore && taken_ > kMaxBytes) progress_ = Progress::kMalformed;
  return progress_;
}

// Each turn eats one line at least, so the loop ends with the input.
ProbeResponse::Progress ProbeResponse::Step() {
  while (true) {
    if (in_interim_ && SkipHead() == Progress::kNeedMore) return Progress::kNeedMore;
    const std::size_t end = pending_.find('\n');
    if (end == std::string::npos) {
      // A stranger that never ends its first line is found out early.
      constexpr std::string_view kStart = "HTTP/1.";
      const std::string_view start = std::string_view(pending_).substr(0, kStart.size());
      return start == kStart.substr(0, start.size()) ? Progress::kNeedMore : Progress::kMalformed;
    }
    const std::uint32_t status = StatusOf(WithoutCr(std::string_view(pending_).substr(0, end)));
    if (status == 0) return Progress::kMalformed;
    pending_.erase(0, end + 1);
    if (status == 101 || status >= 200) {
      status_ = status;
      return Progress::kDone;
    }
    in_interim_ = true;
  }
}

// Eats the header lines of an interim response, up to and including the empty one.
ProbeResponse::Progress ProbeResponse::SkipHead() {
  while (true) {
    const std::size_t end = pending_.find('\n');
    if (end == std::string::npos) return Progress::kNeedMore;
    const bool last = WithoutCr(std::string_view(pending_).substr(0, end)).empty();
    pending_.erase(0, end + 1);
    if (last) {
      in_interim_ = false;
      return Progress::kDone;
    }
  }
}

}  // namespace switchyard::agent::health
