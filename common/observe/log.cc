#include "common/observe/log.h"

#include <unistd.h>

#include <atomic>

#include "common/observe/line_queue.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace switchyard::observe {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The stream as spdlog owns it; shared with the thread that writes.
std::shared_ptr<spdlog::logger> StandardError() {
  auto logger = std::make_shared<spdlog::logger>("switchyard", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);
  // A full disk behind standard error must not become noise on it.
  logger->set_error_handler([](const std::string&) {});
  return logger;
}

// Lines are made here, because the format is part of the product.
class SpdlogLog final : public Log {
 public:
  explicit SpdlogLog(const LogOptions& options)
      : level_(options.level),
        human_(options.format == LogFormat::kHuman || (options.format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 1)),
        clock_(*options.clock),
        lines_([this_human = human_, &clock = clock_, logger = StandardError()](const LineQueue::Line& line) {
          const auto write = [&](LogLevel level, const std::string& text) {
            try {
              logger->log(ToSpdlog(level), spdlog::string_view_t(text));
            } catch (...) {  // NOLINT: a line that cannot be written is lost
            }
          };
          if (line.dropped_before > 0) {
            write(LogLevel::kWarn, Format(this_human, clock.WallNow(), LogLevel::kWarn, "log lines were dropped", {{"lines", line.dropped_before}}));
          }
          write(static_cast<LogLevel>(line.level), line.text);
        }) {}

  void Write(LogLevel level, std::string_view text, LogFields fields) override {
    if (level < level_.load(std::memory_order_relaxed)) return;
    lines_.Push(static_cast<int>(level), Format(human_, clock_.WallNow(), level, text, fields));
  }
  void SetLevel(LogLevel level) override { level_.store(level, std::memory_order_relaxed); }
  LogLevel level() const override { return level_.load(std::memory_order_relaxed); }

 private:
  static std::string Format(bool human, WallTime now, LogLevel level, std::string_view text, LogFields fields) {
    return human ? FormatHumanLine(now, level, text, fields) : FormatJsonLine(now, level, text, fields);
  }

  std::atomic<LogLevel> level_;
  const bool human_;
  const Clock& clock_;
  LineQueue lines_;
};

}  // namespace

std::unique_ptr<Log> OpenLog(const LogOptions& options) { return std::make_unique<SpdlogLog>(options); }

}  // namespace switchyard::observe
