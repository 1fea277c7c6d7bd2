#include "agent/report/reporter.h"

#include <utility>

#include "agent/report/window_metrics.h"
#include "common/observe/metric_names.h"

namespace switchyard::agent::report {

Reporter::Reporter(ReporterParts parts) : parts_(std::move(parts)), window_start_(parts_.clock->Now()), alive_(std::make_shared<bool>(true)) {}

Reporter::~Reporter() { Stop(); }

void Reporter::SetInterval(Duration interval) {
  if (timer_ != nullptr && interval == interval_) return;
  interval_ = interval;
  timer_ = parts_.loop->After(interval_, [this] { Collect(); });
}

void Reporter::Stop() {
  timer_.reset();
  *alive_ = false;
}

void Reporter::Collect() {
  timer_ = parts_.loop->After(interval_, [this] { Collect(); });
  if (collecting_) return;
  collecting_ = true;
  parts_.source->Collect([this, loop = parts_.loop, clock = parts_.clock, alive = alive_](Window window) {
    auto shared = std::make_shared<const Window>(std::move(window));
    loop->Post([this, alive, shared, end = clock->Now()] {
      if (*alive) Collected(*shared, end);
    });
  });
}

void Reporter::Collected(const Window& window, TimePoint end) {
  collecting_ = false;
  AddToMetrics(window, *parts_.metrics);
  if (parts_.look) parts_.look(window);
  ReportFacts facts;
  facts.sequence = ++sequence_;
  facts.end = parts_.clock->WallNow();
  facts.length = end - window_start_;
  facts.resident_bytes = parts_.resident_bytes();
  window_start_ = end;
  parts_.metrics->Set(observe::kResidentBytes, static_cast<double>(facts.resident_bytes));
  parts_.send(BuildReport(window, facts, parts_.health));
}

}  // namespace switchyard::agent::report
