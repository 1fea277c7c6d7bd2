// ReportSink: where the streams deliver what agents saw. The aggregator implements it; the stream room knows only this.
//
// Thread-safety: every method from any thread. Each call is short and never blocks on the network or the store.
#pragma once

#include <string>

#include "switchyard/v1/overlay.pb.h"
#include "switchyard/v1/report.pb.h"

namespace switchyard::controlplane::feedback {

class ReportSink {
 public:
  virtual ~ReportSink() = default;
  // `instance` is the agent process (`Hello.instance`); sequence numbers count within one.
  virtual void OnReport(const std::string& node, const std::string& instance, const v1::Report& report) = 0;
  virtual void OnEvent(const std::string& node, const std::string& instance, const v1::Event& event) = 0;
  // Counts for the fleet's loop, far more often than reports. Nothing, unless the sink wants them.
  virtual void OnEvidence(const std::string& /*node*/, const std::string& /*instance*/, const v1::Evidence& /*evidence*/) {}
  // The stream of this agent ended: its gauges (in-flight, health) no longer count.
  virtual void OnGone(const std::string& node) = 0;
};

}  // namespace switchyard::controlplane::feedback
