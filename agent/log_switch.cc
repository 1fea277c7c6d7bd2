#include "agent/log_switch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/duration.h"

namespace switchyard::agent {
namespace {

constexpr std::int64_t kMostSeconds = 24 * 60 * 60;

}  // namespace

LogSwitch::LogSwitch(Loop& loop, const Clock& clock, observe::Log& log, std::function<void(const v1::LogLevel&)> told)
    : loop_(loop), clock_(clock), log_(log), usual_(log.level()), told_(std::move(told)) {}

void LogSwitch::Set(const v1::LogLevel& wanted) {
  if (wanted.level() < v1::LogLevel::LEVEL_DEBUG || wanted.level() > v1::LogLevel::LEVEL_ERROR) return;
  // The levels of both have the same order; the message's begin at 1.
  const auto level = static_cast<observe::LogLevel>(wanted.level() - 1);
  const Duration lasts = std::chrono::seconds(std::clamp<std::int64_t>(wanted.lasts().seconds(), 0, kMostSeconds)) +
                         std::chrono::nanoseconds(wanted.lasts().nanos());
  log_.SetLevel(level);
  log_.Write(level, "log level changed", {{"to", observe::LogLevelName(level)}, {"for", lasts > Duration::zero() ? FormatDuration(lasts) : "good"}});
  back_.reset();
  until_ = {};
  if (lasts > Duration::zero()) {
    until_ = clock_.Now() + lasts;
    back_ = loop_.After(lasts, [this] {
      until_ = {};
      log_.SetLevel(usual_);
      told_(Now());
    });
  }
  told_(Now());
}

v1::LogLevel LogSwitch::Now() const {
  v1::LogLevel now;
  now.set_level(static_cast<v1::LogLevel::Level>(static_cast<int>(log_.level()) + 1));
  if (until_ != TimePoint()) now.mutable_lasts()->set_seconds(std::chrono::ceil<std::chrono::seconds>(until_ - clock_.Now()).count());
  return now;
}

}  // namespace switchyard::agent
