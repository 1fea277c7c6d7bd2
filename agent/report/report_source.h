// ReportSource: where the reporter gets what the workers saw.
//
// Contract: `done` runs exactly once, on any thread, with the merged windows of all workers; counts since the previous Collect.
// Thread-safety: any thread; overlapping calls share what there is (each count is handed out once).
#pragma once

#include <functional>

#include "agent/report/window.h"

namespace switchyard::agent::report {

class ReportSource {
 public:
  virtual ~ReportSource() = default;
  virtual void Collect(std::function<void(Window)> done) = 0;
};

}  // namespace switchyard::agent::report
