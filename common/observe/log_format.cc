#include <chrono>

#include "common/observe/json_text.h"
#include "common/observe/log.h"
#include "fmt/chrono.h"
#include "fmt/format.h"

namespace switchyard::observe {
namespace {

constexpr std::size_t kMaxLine = 16 * 1024;

// RFC 3339 with milliseconds, UTC.
std::string Timestamp(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())), (ms - seconds).count());
}

std::string JsonValue(const LogValue& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        std::string out;
        if constexpr (std::same_as<T, std::string_view>) {
          AppendJsonString(out, held);
        } else if constexpr (std::same_as<T, double>) {
          AppendJsonNumber(out, held);
        } else {
          out = fmt::format("{}", held);
        }
        return out;
      },
      value.held());
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7F) return true;
  }
  return false;
}

void AppendHuman(std::string& out, const LogField& field) {
  out += ' ';
  out += field.key;
  out += '=';
  const auto* text = std::get_if<std::string_view>(&field.value.held());
  if (text != nullptr && !NeedsQuotes(*text)) {
    out += *text;
  } else {
    out += JsonValue(field.value);
  }
}

std::string HumanTail(LogLevel level, std::string_view text, LogFields fields) {
  std::string out = fmt::format("{} {}", LogLevelName(level), text);
  for (const LogField& field : fields) {
    if (out.size() > kMaxLine) break;
    AppendHuman(out, field);
  }
  if (out.size() > kMaxLine) out.resize(kMaxLine);
  return out;
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "info";
}

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == LogLevelName(level)) return level;
  }
  return absl::InvalidArgumentError(fmt::format("log level '{}': expected debug, info, warn or error", text));
}

absl::StatusOr<LogFormat> ParseLogFormat(std::string_view text) {
  if (text == "auto") return LogFormat::kAuto;
  if (text == "json") return LogFormat::kJson;
  if (text == "human") return LogFormat::kHuman;
  return absl::InvalidArgumentError(fmt::format("log format '{}': expected auto, json or human", text));
}

// Fields that would make the line too long are left out whole and a marker says so: the line stays valid JSON.
std::string FormatJsonLine(WallTime time, LogLevel level, std::string_view text, LogFields fields) {
  JsonObject object;
  object.Add("time", Timestamp(time));
  object.Add("level", LogLevelName(level));
  object.Add("msg", text.substr(0, kMaxLine / 4));
  std::size_t used = text.size();
  bool cut = false;
  for (const LogField& field : fields) {
    const std::string value = JsonValue(field.value);
    if (used + field.key.size() + value.size() > kMaxLine - 256) {
      cut = true;
      continue;
    }
    used += field.key.size() + value.size() + 4;
    object.AddRaw(field.key, value);
  }
  if (cut) object.Add("cut", true);
  return object.Finish();
}

std::string FormatHumanLine(WallTime time, LogLevel level, std::string_view text, LogFields fields) {
  return Timestamp(time) + ' ' + HumanTail(level, text, fields);
}

void CapturingLog::Write(LogLevel level, std::string_view text, LogFields fields) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(HumanTail(level, text, fields));
}

std::vector<std::string> CapturingLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool CapturingLog::Contains(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& line : lines_) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace switchyard::observe
