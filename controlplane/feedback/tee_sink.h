// TeeSink: hands what agents saw to several sinks, in order.
//
// Thread-safety: as that of the sinks. The sinks outlive it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "controlplane/feedback/report_sink.h"

namespace switchyard::controlplane::feedback {

class TeeSink final : public ReportSink {
 public:
  explicit TeeSink(std::vector<ReportSink*> sinks) : sinks_(std::move(sinks)) {}

  void OnReport(const std::string& node, const std::string& instance, const v1::Report& report) override {
    for (ReportSink* sink : sinks_) sink->OnReport(node, instance, report);
  }
  void OnEvent(const std::string& node, const std::string& instance, const v1::Event& event) override {
    for (ReportSink* sink : sinks_) sink->OnEvent(node, instance, event);
  }
  void OnGone(const std::string& node) override {
    for (ReportSink* sink : sinks_) sink->OnGone(node);
  }

 private:
  const std::vector<ReportSink*> sinks_;
};

}  // namespace switchyard::controlplane::feedback
