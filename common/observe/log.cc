#include "common/observe/log.h"

#include <unistd.h>

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

// spdlog serialises writers and owns the stream; lines are made here, because the format is part of the product.
class SpdlogLog final : public Log {
 public:
  explicit SpdlogLog(const LogOptions& options)
      : level_(options.level),
        human_(options.format == LogFormat::kHuman || (options.format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 1)),
        clock_(*options.clock),
        logger_("switchyard", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_pattern("%v");
    logger_.set_level(ToSpdlog(level_));
    logger_.flush_on(spdlog::level::debug);
    // A full disk behind standard error must not become noise on it.
    logger_.set_error_handler([](const std::string&) {});
  }

  void Write(LogLevel level, std::string_view text, LogFields fields) override {
    if (level < level_) return;
    const WallTime now = clock_.WallNow();
    const std::string line = human_ ? FormatHumanLine(now, level, text, fields) : FormatJsonLine(now, level, text, fields);
    try {
      logger_.log(ToSpdlog(level), spdlog::string_view_t(line));
    } catch (...) {  // NOLINT: a line that cannot be written is lost
    }
  }

 private:
  const LogLevel level_;
  const bool human_;
  const Clock& clock_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> OpenLog(const LogOptions& options) { return std::make_unique<SpdlogLog>(options); }

}  // namespace switchyard::observe
