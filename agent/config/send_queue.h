// SendQueue: what waits to be sent to the controller, bounded per kind.
//
// Order out: answers first (Hello, ConfigStatus), then events, then evidence, then reports; within a kind, oldest first. A slow stream therefore never
// delays the word on a configuration behind statistics.
// Bounds: 16 answers (the protocol allows one outstanding; more is refused), 1024 events, 1 evidence, 4 reports. At the bound the oldest event or report
// goes, because newer ones say more; the caller counts it.
//
// Thread-safety: one owner. Cost: O(1). Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "switchyard/v1/agent.pb.h"

namespace switchyard::agent::config {

class SendQueue {
 public:
  static constexpr std::size_t kMaxAnswers = 16;
  static constexpr std::size_t kMaxEvents = 1024;
  static constexpr std::size_t kMaxReports = 4;

  // False: the bound was reached and the message was not taken.
  bool PushAnswer(v1::AgentMessage message);
  // False: the bound was reached and the oldest of its kind was dropped for it.
  bool PushEvent(v1::AgentMessage message);
  bool PushReport(v1::AgentMessage message);
  // False: one is waiting, and this one was not taken: its counts belong into the next.
  bool PushEvidence(v1::AgentMessage message);
  bool has_evidence() const { return evidence_.has_value(); }

  std::optional<v1::AgentMessage> Pop();
  void Clear();
  std::size_t size() const { return answers_.size() + events_.size() + reports_.size() + (evidence_ ? 1 : 0); }

 private:
  std::deque<v1::AgentMessage> answers_;
  std::deque<v1::AgentMessage> events_;
  std::deque<v1::AgentMessage> reports_;
  std::optional<v1::AgentMessage> evidence_;
};

}  // namespace switchyard::agent::config
