// Order and bounds of what waits to be sent; each message is told by a number it carries.
#include "agent/config/send_queue.h"

#include <gtest/gtest.h>

namespace switchyard::agent::config {
namespace {

v1::AgentMessage Answer(std::uint64_t n) {
  v1::AgentMessage message;
  message.mutable_config_status()->set_generation(n);
  return message;
}
v1::AgentMessage Event(std::int64_t n) {
  v1::AgentMessage message;
  message.mutable_event()->mutable_time()->set_seconds(n);
  return message;
}
v1::AgentMessage Report(std::uint64_t n) {
  v1::AgentMessage message;
  message.mutable_report()->set_sequence(n);
  return message;
}

TEST(SendQueue, SendsAnswersThenEventsThenReports) {
  SendQueue queue;
  EXPECT_TRUE(queue.PushReport(Report(1)));
  EXPECT_TRUE(queue.PushEvent(Event(2)));
  EXPECT_TRUE(queue.PushAnswer(Answer(3)));
  EXPECT_TRUE(queue.Pop()->has_config_status());
  EXPECT_TRUE(queue.Pop()->has_event());
  EXPECT_TRUE(queue.Pop()->has_report());
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(SendQueue, DropsTheOldestReportAtTheBound) {
  SendQueue queue;
  for (std::size_t i = 0; i < SendQueue::kMaxReports; ++i) EXPECT_TRUE(queue.PushReport(Report(i)));
  EXPECT_FALSE(queue.PushReport(Report(99)));
  EXPECT_EQ(queue.size(), SendQueue::kMaxReports);
  EXPECT_EQ(queue.Pop()->report().sequence(), 1U);
}

TEST(SendQueue, DropsTheOldestEventAtTheBound) {
  SendQueue queue;
  for (std::size_t i = 0; i < SendQueue::kMaxEvents; ++i) EXPECT_TRUE(queue.PushEvent(Event(static_cast<std::int64_t>(i))));
  EXPECT_FALSE(queue.PushEvent(Event(5000)));
  EXPECT_EQ(queue.size(), SendQueue::kMaxEvents);
  EXPECT_EQ(queue.Pop()->event().time().seconds(), 1);
}

TEST(SendQueue, RefusesAnswersAtTheBound) {
  SendQueue queue;
  for (std::size_t i = 0; i < SendQueue::kMaxAnswers; ++i) EXPECT_TRUE(queue.PushAnswer(Answer(i)));
  EXPECT_FALSE(queue.PushAnswer(Answer(99)));
  EXPECT_EQ(queue.Pop()->config_status().generation(), 0U);
}

TEST(SendQueue, ForgetsEverything) {
  SendQueue queue;
  queue.PushAnswer(Answer(1));
  queue.PushReport(Report(1));
  queue.Clear();
  EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace switchyard::agent::config
