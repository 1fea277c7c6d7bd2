// Goal: ticket keys change in time, so that an agent on the keys before and one on the keys after understand one another, and outlive a restart,
// sealed. Method: a clock by hand over a store in memory.
#include "controlplane/identity/ticket_keys.h"

#include <gtest/gtest.h>

#include "controlplane/store/memory_store.h"

namespace switchyard::controlplane::identity {
namespace {

class TicketKeysTest : public testing::Test {
 protected:
  v1::TicketKeys Current(TicketKeys& keys) {
    auto current = keys.Current();
    EXPECT_TRUE(current.ok()) << current.status();
    return current.ok() ? *current : v1::TicketKeys();
  }
  ManualClock clock_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  std::shared_ptr<const tls::Seal> seal_ = std::make_shared<const tls::Seal>(std::string(32, 'k'));
};

TEST_F(TicketKeysTest, ChangeEvery12HoursByAKeyThatWasKnownBefore) {
  TicketKeys keys(*store_, seal_, clock_);
  const v1::TicketKeys first = Current(keys);
  ASSERT_EQ(first.keys_size(), 3);
  for (const std::string& key : first.keys()) EXPECT_EQ(key.size(), 80u);
  clock_.Advance(kTicketKeyLife - std::chrono::seconds(1));
  EXPECT_EQ(Current(keys).SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(keys.UntilChange(), std::chrono::seconds(1));
  clock_.Advance(std::chrono::seconds(1));
  const v1::TicketKeys second = Current(keys);
  EXPECT_EQ(second.keys(0), first.keys(2)) << "agents that have not heard of the change must know what seals now";
  EXPECT_EQ(second.keys(1), first.keys(0)) << "tickets of before must still open";
  EXPECT_NE(second.keys(2), first.keys(1));
}

TEST_F(TicketKeysTest, OutliveARestartSealed) {
  TicketKeys before(*store_, seal_, clock_);
  const v1::TicketKeys keys = Current(before);
  const auto records = store_->ListRecords("ticket-keys");
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().value.find(keys.keys(0).substr(0, 16)), std::string::npos);
  clock_.Advance(std::chrono::hours(1));
  TicketKeys after(*store_, seal_, clock_);
  EXPECT_EQ(Current(after).keys(0), keys.keys(0));
  EXPECT_EQ(after.UntilChange(), kTicketKeyLife - std::chrono::hours(1));
  TicketKeys elsewhere(*store_, std::make_shared<const tls::Seal>(std::string(32, 'x')), clock_);
  EXPECT_NE(Current(elsewhere).keys(0), keys.keys(0)) << "keys that cannot be opened are made anew";
}

}  // namespace
}  // namespace switchyard::controlplane::identity
