// LogSwitch: the level of this agent's log, changed from the controller, for a while or until the process ends.
//
// Thread-safety: control loop thread only. Bounds: 24 h for a change that ends by itself. Errors: an unknown level changes nothing.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/observe/log.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::agent {

class LogSwitch {
 public:
  // `told` hears of each change.
  LogSwitch(Loop& loop, const Clock& clock, observe::Log& log, std::function<void(const v1::LogLevel&)> told);
  void Set(const v1::LogLevel& wanted);
  // What holds now, and for how long.
  v1::LogLevel Now() const;

 private:
  Loop& loop_;
  const Clock& clock_;
  observe::Log& log_;
  const observe::LogLevel usual_;
  const std::function<void(const v1::LogLevel&)> told_;
  TimePoint until_{};
  std::unique_ptr<Loop::Timer> back_;
};

}  // namespace switchyard::agent
