#include "controlplane/history/row_codec.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace switchyard::controlplane::history {
namespace {

constexpr char kVersion = 1;
constexpr double kLargest = 9007199254740992.0;  // 2^53
constexpr double kHundredths = 100.0;
constexpr double kMicrosPerMilli = 1000.0;

void PutNumber(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void PutScaled(std::string& out, double value, double scale) {
  const double scaled = value * scale;
  // Also for NaN, of which every comparison is false.
  PutNumber(out, scaled > 0 ? static_cast<std::uint64_t>(std::min(std::round(scaled), kLargest)) : 0);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  double Scaled(double scale) { return static_cast<double>(Number()) / scale; }
  std::uint32_t Small() { return static_cast<std::uint32_t>(std::min<std::uint64_t>(Number(), UINT32_MAX)); }
  std::string Text() {
    const std::uint64_t size = Number();
    if (size > kMaxSeriesName || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::string EncodeRow(const Row& row) {
  std::string out(1, kVersion);
  std::size_t count = 0;
  for (const auto& [name, point] : row) {
    if (name.size() > kMaxSeriesName || ++count > kMaxRowSeries) continue;
    PutNumber(out, name.size());
    out += name;
    PutScaled(out, point.rate, kHundredths);
    PutScaled(out, point.errors, kHundredths);
    PutScaled(out, point.p50_ms, kMicrosPerMilli);
    PutScaled(out, point.p99_ms, kMicrosPerMilli);
    PutNumber(out, point.in_flight);
    PutNumber(out, point.healthy);
    PutNumber(out, point.unhealthy);
    PutScaled(out, point.bytes, kHundredths);
    PutNumber(out, point.weight);
  }
  return out;
}

bool DecodeRow(std::string_view bytes, Row& row) {
  row.clear();
  if (bytes.empty() || bytes.front() != kVersion) return false;
  Reader in(bytes.substr(1));
  while (!in.empty() && row.size() < kMaxRowSeries) {
    std::string name = in.Text();
    Point point;
    point.rate = in.Scaled(kHundredths);
    point.errors = in.Scaled(kHundredths);
    point.p50_ms = in.Scaled(kMicrosPerMilli);
    point.p99_ms = in.Scaled(kMicrosPerMilli);
    point.in_flight = in.Small();
    point.healthy = in.Small();
    point.unhealthy = in.Small();
    point.bytes = in.Scaled(kHundredths);
    point.weight = in.Small();
    if (in.failed()) return false;
    row.emplace_back(std::move(name), point);
  }
  return in.empty();
}

}  // namespace switchyard::controlplane::history
