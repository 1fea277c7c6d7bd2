#include "tools/yard-origin/behaviour.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tools/wire/json_text.h"

namespace switchyard::tools::origin {
namespace {

constexpr double kMaxLatencyMs = 600'000;

// Box-Muller; one of the two values is thrown away.
double Normal(Random& random) {
  const double u = 1.0 - random.Unit();
  const double v = random.Unit();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

// Drawn anew while it is not above 0; what never is, is the mean.
double AboveZero(double mean, double deviation, Random& random) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (const double drawn = mean + deviation * Normal(random); drawn > 0) return drawn;
  }
  return mean;
}

double DrawMs(const Latency& latency, Random& random) {
  switch (latency.kind) {
    case Latency::Kind::kNone: return 0;
    case Latency::Kind::kConstant: return latency.a_ms;
    case Latency::Kind::kUniform: return latency.a_ms + (latency.b - latency.a_ms) * random.Unit();
    case Latency::Kind::kExponential: return -latency.a_ms * std::log(1.0 - random.Unit());
    case Latency::Kind::kLognormal: return latency.a_ms * std::exp(latency.b * Normal(random));
    case Latency::Kind::kNormal: return AboveZero(latency.a_ms, latency.b, random);
  }
  return 0;
}

std::string LatencyJson(const Latency& latency) {
  switch (latency.kind) {
    case Latency::Kind::kNone: return R"({"kind":"none"})";
    case Latency::Kind::kConstant: return fmt::format(R"({{"kind":"constant","ms":{}}})", latency.a_ms);
    case Latency::Kind::kUniform: return fmt::format(R"({{"kind":"uniform","min_ms":{},"max_ms":{}}})", latency.a_ms, latency.b);
    case Latency::Kind::kExponential: return fmt::format(R"({{"kind":"exponential","mean_ms":{}}})", latency.a_ms);
    case Latency::Kind::kNormal: return fmt::format(R"({{"kind":"normal","mean_ms":{},"sd_ms":{}}})", latency.a_ms, latency.b);
    case Latency::Kind::kLognormal: return fmt::format(R"({{"kind":"lognormal","median_ms":{},"sigma":{}}})", latency.a_ms, latency.b);
  }
  return "{}";
}

std::string HeadersJson(const Behaviour::Headers& headers) {
  std::string out = "{";
  for (const auto& [name, value] : headers) {
    if (out.size() > 1) out += ',';
    out += wire::JsonString(name) + ':' + wire::JsonString(value);
  }
  return out + '}';
}

}  // namespace

Duration Latency::Draw(Random& random) const {
  const double ms = std::clamp(DrawMs(*this, random), 0.0, kMaxLatencyMs);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ms * 1e6));
}

bool Behaviour::IsPlain() const {
  return latency.kind == Latency::Kind::kNone && slots == 0 && !load_header && error_rate == 0 &&
         reset_rate == 0 && hang_rate == 0 && truncate_rate == 0 && raw.empty() &&
         !close && close_after == 0 && keep_alive_ms == 0 && length_offset == 0 && body_size <= 65536;
}

std::string ToJson(const Behaviour& b) {
  return fmt::format(
      R"({{"latency":{},"slots":{},"load_header":{},)"
      R"("status":{},"error_rate":{},"error_status":{},"reset_rate":{},"hang_rate":{},"truncate_rate":{},"body_size":{},)"
      R"("chunked":{},"headers":{},"trailers":{},"length_offset":{},"early_hints":{},"close":{},"close_after":{},"keep_alive_ms":{},)"
      R"("health_status":{},"raw":{}}})",
      LatencyJson(b.latency), b.slots, b.load_header,
      b.status, b.error_rate, b.error_status, b.reset_rate, b.hang_rate, b.truncate_rate, b.body_size, b.chunked,
      HeadersJson(b.headers), HeadersJson(b.trailers), b.length_offset, b.early_hints, b.close, b.close_after, b.keep_alive_ms,
      b.health_status, wire::JsonString(b.raw));
}

}  // namespace switchyard::tools::origin
