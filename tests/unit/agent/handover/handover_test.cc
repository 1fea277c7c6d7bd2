// Goal: a hand-over gives everything or changes nothing, whoever leaves when.
// Method: the old agent's part on a loop in this thread; the new agent's part, which blocks, on another. Pipes stand for sockets.
#include "agent/handover/incumbent.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <thread>

#include "agent/handover/door.h"
#include "agent/handover/packet.h"
#include "agent/handover/successor.h"
#include "agent/loop/control_loop.h"
#include "common/base/status.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::agent::handover {
namespace {

Descriptor AnyFile() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool SameFile(int a, int b) {
  struct stat first{};
  struct stat second{};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

class Handover : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.Sub(std::string(120, 'd'));
    ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
    path_ += "/handover.sock";
    auto door = OpenDoor(path_);
    ASSERT_TRUE(door.ok()) << door.status();
    IncumbentHooks hooks;
    hooks.asked = [this](const v1::HandoverHello& who, auto give) {
      asked_by_ = who.instance();
      if (hold_) {
        held_ = std::move(give);
      } else if (!refusal_.empty()) {
        give(absl::FailedPreconditionError(refusal_));
      } else {
        give(Everything());
      }
    };
    hooks.abandoned = [this](const std::string& why) { abandoned_.push_back(why); };
    hooks.yield = [this](pid_t) { yielded_ = true; };
    incumbent_ = Incumbent::Start(loop_.context(), *std::move(door), std::move(hooks));
  }

  Holdings Everything() {
    Holdings holdings;
    holdings.facts.set_instance("old");
    holdings.facts.set_generation(7);
    holdings.snapshot = std::string(200'000, 's');
    holdings.directory_lock = Descriptor(open(directory_.Sub("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    for (std::size_t i = 0; i < sockets_; ++i) holdings.sockets["127.0.0.1:80"].push_back(AnyFile());
    holdings.sockets["127.0.0.1:81"].push_back(AnyFile());
    return holdings;
  }

  // Runs the loop while `work` runs on a thread of its own.
  void Meanwhile(const std::function<void()>& work) {
    std::atomic<bool> done = false;
    std::thread thread([&] {
      work();
      done = true;
      loop_.Post([] {});
    });
    loop_.RunUntil([&] { return done.load(); });
    thread.join();
  }

  harness::TempDir directory_;
  std::string path_;
  loop::ControlLoop loop_;
  std::size_t sockets_ = 300;
  bool hold_ = false;
  std::string refusal_;
  std::function<void(absl::StatusOr<Holdings>)> held_;
  std::string asked_by_;
  std::vector<std::string> abandoned_;
  bool yielded_ = false;
  std::unique_ptr<Incumbent> incumbent_;
};

TEST_F(Handover, GivesEverythingToTheNewAgent) {
  Meanwhile([&] {
    auto inheritance = AskForHandover(path_, "new", "2");
    ASSERT_TRUE(inheritance.ok()) << inheritance.status();
    ASSERT_TRUE(inheritance->has_value());
    EXPECT_FALSE(yielded_) << "nothing is given up before the new agent serves";
    EXPECT_EQ((*inheritance)->instance, "old");
    EXPECT_EQ((*inheritance)->snapshot, std::string(200'000, 's'));
    EXPECT_EQ((*inheritance)->sockets.at("127.0.0.1:80").size(), 300U) << "more than one message's worth";
    EXPECT_EQ((*inheritance)->sockets.at("127.0.0.1:81").size(), 1U);
    EXPECT_TRUE((*inheritance)->door.valid());
    const Descriptor lock(open(directory_.Sub("lock").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(SameFile((*inheritance)->directory_lock.get(), lock.get()));
    EXPECT_TRUE(Claim(**inheritance, 7).ok());
    EXPECT_TRUE(yielded_);
  });
  EXPECT_EQ(asked_by_, "new");
  EXPECT_TRUE(abandoned_.empty());
}

TEST_F(Handover, AClaimOfAnotherGenerationIsRefused) {
  Meanwhile([&] {
    auto inheritance = AskForHandover(path_, "new", "2");
    ASSERT_TRUE(inheritance.ok() && inheritance->has_value());
    const absl::Status claimed = Claim(**inheritance, 6);
    EXPECT_FALSE(claimed.ok());
    EXPECT_NE(Message(claimed).find("generation"), std::string::npos);
  });
  EXPECT_FALSE(yielded_);
  EXPECT_EQ(abandoned_.size(), 1U);
}

TEST_F(Handover, TheOldAgentSaysWhyItWillNot) {
  refusal_ = "it is ending";
  Meanwhile([&] {
    const auto inheritance = AskForHandover(path_, "new", "2");
    EXPECT_NE(Message(inheritance.status()).find("it is ending"), std::string::npos);
  });
  EXPECT_FALSE(incumbent_->busy());
}

TEST_F(Handover, OfTwoNewAgentsTheSecondIsRefused) {
  Meanwhile([&] {
    auto first = AskForHandover(path_, "first", "2");
    ASSERT_TRUE(first.ok() && first->has_value());
    const auto second = AskForHandover(path_, "second", "2");
    EXPECT_NE(Message(second.status()).find("already"), std::string::npos) << second.status();
    EXPECT_TRUE(Claim(**first, 7).ok());
  });
  EXPECT_EQ(asked_by_, "first");
  EXPECT_TRUE(yielded_);
}

// A new agent that leaves after each of its steps: the old one goes on, and the next may come.
TEST_F(Handover, ANewAgentThatDiesHalfWayChangesNothing) {
  for (int steps = 0; steps <= 2; ++steps) {
    const std::size_t before = abandoned_.size();
    Meanwhile([&] {
      auto link = Knock(path_, std::chrono::seconds(5));
      ASSERT_TRUE(link.ok());
      v1::HandoverMessage message;
      message.mutable_hello()->set_instance("dying");
      if (steps >= 1) {
        ASSERT_TRUE(SendPacket(link->get(), message).ok() && ReceivePacket(link->get()).ok());
      }
      message.mutable_next();
      if (steps >= 2) {
        ASSERT_TRUE(SendPacket(link->get(), message).ok() && ReceivePacket(link->get()).ok());
      }
    });
    loop_.RunUntil([&] { return abandoned_.size() > before; });
    EXPECT_FALSE(yielded_);
    EXPECT_FALSE(incumbent_->busy());
  }
  Meanwhile([&] {
    auto inheritance = AskForHandover(path_, "new", "2");
    ASSERT_TRUE(inheritance.ok() && inheritance->has_value());
    EXPECT_TRUE(Claim(**inheritance, 7).ok());
  });
  EXPECT_TRUE(yielded_);
}

TEST_F(Handover, ANewAgentThatDiesWhileTheOldOneGathersIsForgotten) {
  hold_ = true;
  Meanwhile([&] {
    auto link = Knock(path_, std::chrono::seconds(5));
    ASSERT_TRUE(link.ok());
    v1::HandoverMessage message;
    message.mutable_hello()->set_instance("dying");
    ASSERT_TRUE(SendPacket(link->get(), message).ok());
  });
  loop_.RunUntil([&] { return !abandoned_.empty(); });
  // What was gathered comes late: nobody gets it.
  held_(Everything());
  EXPECT_FALSE(incumbent_->busy());
  EXPECT_FALSE(yielded_);
}

TEST_F(Handover, AnOldAgentThatDiesHasGivenEverything) {
  Meanwhile([&] {
    auto inheritance = AskForHandover(path_, "new", "2");
    ASSERT_TRUE(inheritance.ok() && inheritance->has_value());
    std::promise<void> gone;
    loop_.Post([&] {
      incumbent_.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    EXPECT_TRUE(Claim(**inheritance, 7).ok()) << "what it held is here, so it is ours";
    EXPECT_EQ(fcntl((*inheritance)->sockets.at("127.0.0.1:81").front().get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  });
}

TEST_F(Handover, NonsenseEndsOnlyTheCallersConnection) {
  Meanwhile([&] {
    auto link = Knock(path_, std::chrono::seconds(5));
    ASSERT_TRUE(link.ok());
    ASSERT_EQ(send(link->get(), "\xff\xff\xff", 3, MSG_NOSIGNAL), 3);
    EXPECT_FALSE(ReceivePacket(link->get()).ok());
    auto skips = Knock(path_, std::chrono::seconds(5));
    ASSERT_TRUE(skips.ok());
    v1::HandoverMessage ready;
    ready.mutable_ready()->set_generation(7);
    ASSERT_TRUE(SendPacket(skips->get(), ready).ok());
    auto answer = ReceivePacket(skips->get());
    ASSERT_TRUE(answer.ok());
    EXPECT_TRUE(answer->message.has_refusal());
  });
  EXPECT_FALSE(yielded_);
}

TEST(Door, NobodyThereIsNoError) {
  const harness::TempDir directory;
  const auto nobody = AskForHandover(directory.Sub("none.sock"), "new", "2");
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_FALSE(nobody->has_value());
  // Left by a process that is gone.
  { const auto left = OpenDoor(directory.Sub("left.sock")); }
  const auto gone = AskForHandover(directory.Sub("left.sock"), "new", "2");
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_FALSE(gone->has_value());
  EXPECT_TRUE(OpenDoor(directory.Sub("left.sock")).ok()) << "and is replaced";
}

}  // namespace
}  // namespace switchyard::agent::handover
