#include "agent/config/send_queue.h"

#include <utility>

namespace switchyard::agent::config {
namespace {

bool PushDroppingOldest(std::deque<v1::AgentMessage>& queue, v1::AgentMessage message, std::size_t bound) {
  const bool full = queue.size() >= bound;
  if (full) queue.pop_front();
  queue.push_back(std::move(message));
  return !full;
}

}  // namespace

bool SendQueue::PushAnswer(v1::AgentMessage message) {
  if (answers_.size() >= kMaxAnswers) return false;
  answers_.push_back(std::move(message));
  return true;
}

bool SendQueue::PushEvent(v1::AgentMessage message) { return PushDroppingOldest(events_, std::move(message), kMaxEvents); }

bool SendQueue::PushReport(v1::AgentMessage message) { return PushDroppingOldest(reports_, std::move(message), kMaxReports); }

bool SendQueue::PushEvidence(v1::AgentMessage message) {
  if (evidence_) return false;
  evidence_ = std::move(message);
  return true;
}

std::optional<v1::AgentMessage> SendQueue::Pop() {
  for (auto* queue : {&answers_, &events_, &reports_}) {
    // Small and soon stale: before reports.
    if (queue == &reports_ && evidence_) return std::exchange(evidence_, std::nullopt);
    if (queue->empty()) continue;
    v1::AgentMessage message = std::move(queue->front());
    queue->pop_front();
    return message;
  }
  return std::nullopt;
}

void SendQueue::Clear() {
  answers_.clear();
  events_.clear();
  reports_.clear();
  evidence_.reset();
}

}  // namespace switchyard::agent::config
