#include "tools/yardctl/words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

#include "common/base/cause.h"
#include "common/base/duration.h"
#include "common/rpc/proto_time.h"

namespace switchyard::tools::yardctl {

std::string RelativeTime(const google::protobuf::Timestamp& value, WallTime now) {
  if (value.seconds() == 0 && value.nanos() == 0) return "never";
  const Duration ago = now - rpc::ToWallTime(value);
  return ago.count() >= 0 ? FormatDurationRounded(ago) + " ago" : "in " + FormatDurationRounded(-ago);
}

std::string CivilTime(const google::protobuf::Timestamp& value) {
  if (value.seconds() == 0 && value.nanos() == 0) return "-";
  const std::time_t seconds = value.seconds();
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", parts);
}

std::string Labels(const google::protobuf::Map<std::string, std::string>& labels) {
  std::string out;
  for (const auto& [key, value] : std::map<std::string, std::string>(labels.begin(), labels.end())) {
    if (!out.empty()) out += ',';
    out += key + '=' + value;
  }
  return out;
}

std::string_view ActionWord(v1::Change::Action action) {
  switch (action) {
    case v1::Change::ACTION_CREATED: return "created";
    case v1::Change::ACTION_UPDATED: return "updated";
    case v1::Change::ACTION_UNCHANGED: return "unchanged";
    case v1::Change::ACTION_DELETED: return "deleted";
    default: return "?";
  }
}

std::string ChangeSummary(const google::protobuf::RepeatedPtrField<v1::Change>& changes) {
  std::string out;
  for (const v1::Change::Action action : {v1::Change::ACTION_CREATED, v1::Change::ACTION_UPDATED, v1::Change::ACTION_DELETED}) {
    int count = 0;
    for (const v1::Change& change : changes) count += change.action() == action ? 1 : 0;
    if (count == 0) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", count, ActionWord(action));
  }
  return out.empty() ? "nothing changed" : out;
}

std::string Printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    // U+0080 to U+009F, which some terminals take for escapes, are C2 80 to C2 9F.
    const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
    if (c1) ++i;
    out += c1 || byte < 0x20 || byte == 0x7f ? '?' : text[i];
  }
  return out;
}

std::string_view VerdictWord(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_SOFT: return "soft";
    case v1::VERDICT_EJECTED: return "ejected";
    case v1::VERDICT_RETURNING: return "returning";
    case v1::VERDICT_FORCED_OUT: return "forced out";
    case v1::VERDICT_FORCED_IN: return "forced in";
    default: return "good";
  }
}

std::string BreakerText(const v1::BreakerRow& row) {
  const std::array<std::pair<std::uint32_t, std::string_view>, 4> states = {
      {{row.open(), "open"}, {row.half_open(), "half-open"}, {row.soft(), "soft"}, {row.ejected(), "ejected as an outlier"}}};
  std::string out;
  for (const auto& [agents, state] : states) {
    if (agents > 0) out += fmt::format("{}{} on {}", out.empty() ? "" : ", ", state, agents);
  }
  out += fmt::format(" of {} agent{}", row.agents(), row.agents() == 1 ? "" : "s");
  if (!row.route().empty()) out += fmt::format(", route {}", Printable(row.route()));
  if (!row.reason().empty()) out += fmt::format(": {}", Printable(row.reason()));
  return out + fmt::format(" ({})", Printable(row.node()));
}

std::string CauseWord(v1::Cause cause) {
  for (const CauseInfo& info : AllCauses())
    if (static_cast<int>(info.cause) == static_cast<int>(cause)) return std::string(info.name);
  return fmt::format("cause_{}", static_cast<int>(cause));
}

}  // namespace switchyard::tools::yardctl
