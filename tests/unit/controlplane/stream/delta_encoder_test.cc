// Goal: a push is encoded once for all who need it, and decodes to what the agent can apply. Method: two snapshots by hand.
#include "controlplane/stream/delta_encoder.h"

#include <gtest/gtest.h>

#include "common/config/snapshot_delta.h"
#include "controlplane/compiler/compiler.h"
#include "controlplane/store/memory_store.h"
#include "switchyard/v1/agent.pb.h"
#include "tests/unit/controlplane/resources.h"

namespace switchyard::controlplane::stream {
namespace {

class DeltaEncoderTest : public testing::Test {
 protected:
  SnapshotPtr Commit(std::vector<v1::Resource> resources) {
    store::Transaction transaction;
    transaction.upserts = std::move(resources);
    EXPECT_TRUE(store_->Commit(transaction).ok());
    return std::make_shared<const v1::Snapshot>(compiler::Compile(*store_->Read(), {}));
  }
  static v1::ConfigDelta Decode(const Frame& frame) {
    v1::ControllerMessage message;
    EXPECT_TRUE(message.ParseFromString(*frame));
    return message.config();
  }

  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  DeltaEncoder encoder_;
};

TEST_F(DeltaEncoderTest, AFullPushHoldsEverything) {
  const auto to = Commit(MakeSite());
  const auto delta = Decode(encoder_.Encode({nullptr, 0, to}));
  EXPECT_TRUE(delta.full());
  const auto applied = config::ApplyDelta(v1::Snapshot(), delta);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->digest(), to->digest());
}

TEST_F(DeltaEncoderTest, ADeltaNamesTheGenerationThatTheAgentKnows) {
  const auto from = Commit(MakeSite());
  const auto to = Commit({MakeUpstream("app", "10.0.0.2:80")});
  // The agent applied this content under an earlier number than the snapshot at hand bears.
  v1::Snapshot held = *from;
  held.set_generation(77);
  const auto delta = Decode(encoder_.Encode({from, 77, to}));
  EXPECT_EQ(delta.upserts_size(), 1);
  const auto applied = config::ApplyDelta(held, delta);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->digest(), to->digest());
  EXPECT_EQ(applied->generation(), 2u);
}

TEST_F(DeltaEncoderTest, EncodesOnceForAllWhoNeedTheSame) {
  const auto from = Commit(MakeSite());
  const auto to = Commit({MakeUpstream("app", "10.0.0.2:80")});
  const Frame first = encoder_.Encode({from, 1, to});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(encoder_.Encode({from, 1, to}), first);
  EXPECT_EQ(encoder_.encodings(), 1u);
  EXPECT_NE(encoder_.Encode({nullptr, 0, to}), first);
}

TEST_F(DeltaEncoderTest, KeepsABoundedNumberOfFrames) {
  std::vector<std::weak_ptr<const std::string>> frames;
  for (int i = 0; i < 200; ++i) frames.push_back(encoder_.Encode({nullptr, 0, Commit({MakeUpstream("u" + std::to_string(i))})}));
  EXPECT_TRUE(frames.front().expired());
  EXPECT_FALSE(frames.back().expired());
}

}  // namespace
}  // namespace switchyard::controlplane::stream
