// Log: structured log lines: a fixed text and named values.
//
//   log.Info("snapshot applied", {{"generation", 42}, {"took_ms", 1.8}});
//
// The text says what happened and never changes, so that it can be searched for; whatever varies is a field. Secrets (tokens, keys,
// credentials) are never fields.
//
// Formats. JSON: one object per line, keys `time` (RFC 3339, UTC, ms), `level`, `msg`, then the fields. Human: the same for eyes. By default
// a terminal gets the human format and everything else JSON. Levels in order: debug, info, warn, error.
// Thread-safety: every Log is safe from any thread. Cost: one comparison when the level is off; else one formatted string and one short lock; the
// writing is another thread's (line_queue.h), so a reader that does not read holds up nobody. Bounds: a line is cut at 16 KiB; 4096 lines wait,
// then lines are dropped and counted. Errors: a line that cannot be written is lost; nothing is thrown.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::observe {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kAuto, kJson, kHuman };

// `debug`, `info`, `warn`, `error`. INVALID_ARGUMENT lists them.
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text);
// `auto`, `json`, `human`.
absl::StatusOr<LogFormat> ParseLogFormat(std::string_view text);
std::string_view LogLevelName(LogLevel level);

// The value of a field. Holds text by reference: made in the call, gone after it.
class LogValue {
 public:
  using Held = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;
  LogValue(std::string_view text) : held_(text) {}            // NOLINT: fields are written in braces
  LogValue(const char* text) : held_(std::string_view(text)) {}  // NOLINT
  LogValue(const std::string& text) : held_(std::string_view(text)) {}  // NOLINT
  LogValue(std::same_as<bool> auto value) : held_(value) {}          // NOLINT
  LogValue(std::floating_point auto value) : held_(static_cast<double>(value)) {}  // NOLINT
  LogValue(std::signed_integral auto value) : held_(static_cast<std::int64_t>(value)) {}  // NOLINT
  LogValue(std::unsigned_integral auto value)  // NOLINT
    requires(!std::same_as<decltype(value), bool>)
      : held_(static_cast<std::uint64_t>(value)) {}
  const Held& held() const { return held_; }

 private:
  Held held_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

class Log {
 public:
  virtual ~Log() = default;
  void Debug(std::string_view text, LogFields fields = {}) { Write(LogLevel::kDebug, text, fields); }
  void Info(std::string_view text, LogFields fields = {}) { Write(LogLevel::kInfo, text, fields); }
  void Warn(std::string_view text, LogFields fields = {}) { Write(LogLevel::kWarn, text, fields); }
  void Error(std::string_view text, LogFields fields = {}) { Write(LogLevel::kError, text, fields); }
  virtual void Write(LogLevel level, std::string_view text, LogFields fields) = 0;
  // Lines below this are dropped. At any time, from any thread.
  virtual void SetLevel(LogLevel) {}
  virtual LogLevel level() const { return LogLevel::kDebug; }
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
  // Must outlive the log.
  const Clock* clock = nullptr;
};

// Writes to standard error.
std::unique_ptr<Log> OpenLog(const LogOptions& options);

// Drops everything.
class NullLog final : public Log {
 public:
  void Write(LogLevel, std::string_view, LogFields) override {}
};

// Keeps lines for tests, in the human format without time: `warn text key=value`.
class CapturingLog final : public Log {
 public:
  void Write(LogLevel level, std::string_view text, LogFields fields) override;
  std::vector<std::string> lines() const;
  // True when some line contains `part`.
  bool Contains(std::string_view part) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// One line without its newline; pure, for tests and for other writers.
std::string FormatJsonLine(WallTime time, LogLevel level, std::string_view text, LogFields fields);
std::string FormatHumanLine(WallTime time, LogLevel level, std::string_view text, LogFields fields);

}  // namespace switchyard::observe
