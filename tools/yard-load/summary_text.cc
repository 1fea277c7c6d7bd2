#include "tools/yard-load/summary_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/wire/json_text.h"

namespace switchyard::tools::load {
namespace {

struct Percentile {
  const char* name;
  double quantile;
};
constexpr Percentile kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

double Seconds(Duration value) { return std::chrono::duration<double>(value).count(); }

double Rate(const Summary& summary) {
  const double seconds = Seconds(summary.measured);
  return seconds > 0 ? static_cast<double>(summary.tally.requests()) / seconds : 0;
}

// The middle of a bucket may lie above the largest value in it.
double QuantileMs(const Tally& tally, double quantile) {
  return std::min(tally.latency.Quantile(quantile), static_cast<double>(tally.max_us)) / 1000;
}

double MeanMs(const Tally& tally) {
  return tally.latency.count() == 0 ? 0 : static_cast<double>(tally.latency.sum()) / static_cast<double>(tally.latency.count()) / 1000;
}

std::string LatencyJson(const Tally& tally) {
  std::string out = fmt::format(R"({{"mean":{:.3f})", MeanMs(tally));
  for (const Percentile& p : kPercentiles) out += fmt::format(R"(,"{}":{:.3f})", p.name, QuantileMs(tally, p.quantile));
  return out + fmt::format(R"(,"max":{:.3f}}})", static_cast<double>(tally.max_us) / 1000);
}

std::string StatusJson(const Tally& tally) {
  std::string out = "{";
  for (std::size_t status = 0; status < tally.by_status.size(); ++status) {
    if (tally.by_status[status] == 0) continue;
    out += fmt::format(R"({}"{}":{})", out.size() > 1 ? "," : "", status, tally.by_status[status]);
  }
  return out + "}";
}

std::string FailureJson(const Tally& tally) {
  std::string out = "{";
  for (std::size_t i = 0; i < kFailureNames.size(); ++i) out += fmt::format(R"({}"{}":{})", i > 0 ? "," : "", kFailureNames[i], tally.by_failure[i]);
  return out + "}";
}

std::string HeaderJson(const Tally& tally) {
  std::string out = "{";
  for (const auto& [value, count] : tally.header_values) out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", wire::JsonString(value), count);
  return out + "}";
}

std::string TimelineJson(const Tally& tally) {
  std::string out = fmt::format(R"({{"slot_ms":{},"slots":[)", Tally::kSlot / std::chrono::milliseconds(1));
  for (const Tally::Slot& slot : tally.slots) out += fmt::format("{}[{},{}]", out.back() == '[' ? "" : ",", slot.requests, slot.failed);
  return out + "]}";
}

}  // namespace

std::string ToJson(const Plan& plan, const Summary& summary) {
  const Tally& tally = summary.tally;
  std::string out = fmt::format(
      R"({{"started_unix_ms":{},"measured_s":{:.3f},"requests":{},"failed":{},"responses":{},"rps":{:.1f},"by_status":{},"errors":{},)"
      R"("resent":{},"failovers":{},"connections_opened":{},"bytes_received":{},"latency_ms":{})",
      summary.started.time_since_epoch() / std::chrono::milliseconds(1), Seconds(summary.measured), tally.requests(), tally.failed(),
      tally.responses, Rate(summary), StatusJson(tally), FailureJson(tally), tally.resent, tally.failovers, tally.connections_opened,
      tally.bytes_received, LatencyJson(tally));
  if (!plan.count_header.empty()) out += fmt::format(R"(,"header_values":{})", HeaderJson(tally));
  if (plan.timeline) out += fmt::format(R"(,"timeline":{})", TimelineJson(tally));
  return out + "}\n";
}

std::string ToTable(const Plan& plan, const Summary& summary) {
  const Tally& tally = summary.tally;
  std::string out = fmt::format("requests   {} in {:.2f} s, {:.1f}/s{}\nfailed     {}\n", tally.requests(), Seconds(summary.measured), Rate(summary),
                                plan.rate > 0 ? fmt::format(" (intended {}/s)", plan.rate) : " (closed loop)", tally.failed());
  for (std::size_t status = 0; status < tally.by_status.size(); ++status)
    if (tally.by_status[status] > 0) out += fmt::format("  status {}  {}\n", status, tally.by_status[status]);
  for (std::size_t i = 0; i < kFailureNames.size(); ++i)
    if (tally.by_failure[i] > 0) out += fmt::format("  {}  {}\n", kFailureNames[i], tally.by_failure[i]);
  if (tally.resent + tally.failovers > 0) out += fmt::format("resent     {}\nfailovers  {}\n", tally.resent, tally.failovers);
  out += fmt::format("latency    mean {:.3f} ms", MeanMs(tally));
  for (const Percentile& p : kPercentiles) out += fmt::format("  {} {:.3f}", p.name, QuantileMs(tally, p.quantile));
  out += fmt::format("  max {:.3f}\n", static_cast<double>(tally.max_us) / 1000);
  for (const auto& [value, count] : tally.header_values)
    out += fmt::format("  {}: {}  {} ({:.1f} %)\n", plan.count_header, value, count,
                       100.0 * static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(1, tally.responses)));
  return out;
}

}  // namespace switchyard::tools::load
