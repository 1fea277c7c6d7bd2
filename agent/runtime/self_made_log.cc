#include "agent/runtime/self_made_log.h"

namespace switchyard::agent::runtime {

void SelfMadeLog::Write(const std::string& listener, const exchange::Summary& summary, TimePoint now) {
  if (log_ == nullptr) return;
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second_.exchange(second) != second) written_ = 0;
  if (written_.fetch_add(1) >= kPerSecond) {
    ++suppressed_;
    return;
  }
  // A client that leaves is its own affair; everything else is worth an operator's eye.
  const bool quiet = summary.cause == Cause::kClientGone;
  const auto level = quiet ? observe::LogLevel::kDebug : observe::LogLevel::kWarn;
  const auto took = std::chrono::duration<double, std::milli>(now - summary.started).count();
  log_->Write(level, summary.status != 0 ? "request answered by the agent" : "request cut by the agent",
              {{"cause", Describe(summary.cause).name},
               {"status", static_cast<unsigned>(summary.status)},
               {"request_id", summary.request_id},
               {"listener", listener},
               {"route", summary.route},
               {"upstream", summary.upstream},
               {"backend", summary.backend},
               {"attempts", summary.attempts},
               {"took_ms", took},
               {"suppressed", suppressed_.exchange(0)}});
}

}  // namespace switchyard::agent::runtime
