// Reporter: once per interval asks the workers what they saw, and hands it on: to the metrics always, to the controller as a Report.
//
// The next interval starts when the last was asked for, not when it was answered; while an answer is outstanding no further one is asked for
// (the next window is then longer, and says so). The window's length is measured, not assumed.
//
// Thread-safety: loop thread only; the source may answer from any thread. Bounds: one collection under way; see report_builder.h.
// Errors: none; a missing figure (resident memory) is sent as 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/report/report_builder.h"
#include "agent/report/report_source.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/observe/metrics.h"

namespace switchyard::agent::report {

// What the reporter leans on. All must outlive it.
struct ReporterParts {
  Loop* loop = nullptr;
  const Clock* clock = nullptr;
  ReportSource* source = nullptr;
  observe::Metrics* metrics = nullptr;
  HealthFacts health;
  // Resident memory now, bytes; see resident_memory.h.
  std::function<std::uint64_t()> resident_bytes;
  std::function<void(v1::Report)> send;
  // May be empty. Sees each window before the report is made.
  std::function<void(const Window&)> look;
};

class Reporter {
 public:
  explicit Reporter(ReporterParts parts);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // Starts, or goes on with another interval.
  void SetInterval(Duration interval);
  // No report is sent from here on.
  void Stop();

 private:
  void Collect();
  void Collected(const Window& window, TimePoint end);

  const ReporterParts parts_;
  Duration interval_ = std::chrono::seconds(1);
  std::unique_ptr<Loop::Timer> timer_;
  bool collecting_ = false;
  TimePoint window_start_;
  std::uint64_t sequence_ = 0;
  std::shared_ptr<bool> alive_;
};

}  // namespace switchyard::agent::report
