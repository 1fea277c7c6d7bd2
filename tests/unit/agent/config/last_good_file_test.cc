// The file is cut at every length, each byte of it is flipped, and writes are made to fail: a start must always find a whole snapshot.
#include "agent/config/last_good_file.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>

#include "agent/config/last_good_codec.h"
#include "common/base/status.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::agent::config {
namespace {

v1::Snapshot SnapshotAt(std::uint64_t generation) {
  v1::Snapshot snapshot;
  snapshot.set_generation(generation);
  snapshot.set_digest(std::string(32, 'd'));
  v1::Resource& resource = *snapshot.add_resources();
  resource.set_name("web");
  resource.mutable_upstream()->add_backends()->set_address("10.0.0.1:80");
  return snapshot;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

class LastGoodFileTest : public testing::Test {
 protected:
  harness::TempDir directory_;
  LastGoodFile file_{directory_.path()};
};

TEST_F(LastGoodFileTest, KnowsAFirstStart) { EXPECT_TRUE(absl::IsNotFound(file_.Load().status())); }

TEST_F(LastGoodFileTest, GivesBackWhatWasStored) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  const auto loaded = file_.Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->snapshot.SerializeAsString(), SnapshotAt(7).SerializeAsString());
  EXPECT_EQ(loaded->fallback_reason, "");
}

TEST_F(LastGoodFileTest, KeepsThePreviousOneToo) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Store(SnapshotAt(8)).ok());
  EXPECT_EQ(file_.Load()->snapshot.generation(), 8U);
  EXPECT_EQ(DecodeLastGood(ReadAll(file_.previous_path()))->generation(), 7U);
}

TEST_F(LastGoodFileTest, FallsBackWhereverTheFileWasCut) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Store(SnapshotAt(8)).ok());
  const std::string whole = ReadAll(file_.last_path());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    WriteAll(file_.last_path(), std::string_view(whole).substr(0, length));
    const auto loaded = file_.Load();
    ASSERT_TRUE(loaded.ok()) << length;
    EXPECT_EQ(loaded->snapshot.generation(), 7U) << length;
    EXPECT_NE(loaded->fallback_reason.find("snapshot.last"), std::string::npos) << loaded->fallback_reason;
  }
}

TEST_F(LastGoodFileTest, FallsBackWhicheverByteIsWrong) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Store(SnapshotAt(8)).ok());
  const std::string whole = ReadAll(file_.last_path());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (at >= 12 && at < 16) continue;  // reserved, not read
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    WriteAll(file_.last_path(), bytes);
    const auto loaded = file_.Load();
    ASSERT_TRUE(loaded.ok()) << at;
    EXPECT_EQ(loaded->snapshot.generation(), 7U) << at;
  }
}

TEST_F(LastGoodFileTest, FallsBackWhenTheFileIsGone) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Store(SnapshotAt(8)).ok());
  std::filesystem::remove(file_.last_path());
  EXPECT_EQ(file_.Load()->snapshot.generation(), 7U);
}

TEST_F(LastGoodFileTest, SaysWhyBothAreUnusable) {
  WriteAll(file_.last_path(), "");
  WriteAll(file_.previous_path(), "garbage garbage garbage garbage garbage garbage garbage garbage");
  const auto loaded = file_.Load();
  EXPECT_TRUE(absl::IsDataLoss(loaded.status()));
  EXPECT_NE(Message(loaded.status()).find("file is empty"), std::string_view::npos);
  EXPECT_NE(Message(loaded.status()).find("not a last-good file"), std::string_view::npos);
}

TEST_F(LastGoodFileTest, DoesNotPushAGoodPreviousOneOutByABrokenLastOne) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Store(SnapshotAt(8)).ok());
  WriteAll(file_.last_path(), "torn");
  ASSERT_TRUE(file_.Store(SnapshotAt(9)).ok());
  EXPECT_EQ(file_.Load()->snapshot.generation(), 9U);
  EXPECT_EQ(DecodeLastGood(ReadAll(file_.previous_path()))->generation(), 7U);
}

TEST_F(LastGoodFileTest, ChangesNothingWhenItCannotWrite) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  // A directory in the place of the temporary file makes each write fail, for root too.
  std::filesystem::create_directory(file_.last_path() + ".new");
  EXPECT_FALSE(file_.Store(SnapshotAt(8)).ok());
  EXPECT_EQ(file_.Load()->snapshot.generation(), 7U);
}

TEST_F(LastGoodFileTest, LeavesNothingElseBehind) {
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(file_.Store(SnapshotAt(i)).ok());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    static_cast<void>(entry);
    ++files;
  }
  EXPECT_EQ(files, 2U);
}

TEST_F(LastGoodFileTest, KeepsASyncedPreviousOneUntilTheLastIsSyncedToo) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  ASSERT_TRUE(file_.Write(SnapshotAt(8)).ok());
  ASSERT_TRUE(file_.Write(SnapshotAt(9)).ok());
  EXPECT_EQ(file_.Load()->snapshot.generation(), 9U);
  EXPECT_EQ(DecodeLastGood(ReadAll(file_.previous_path()))->generation(), 7U);
  ASSERT_TRUE(file_.Sync().ok());
  ASSERT_TRUE(file_.Write(SnapshotAt(10)).ok());
  EXPECT_EQ(DecodeLastGood(ReadAll(file_.previous_path()))->generation(), 9U);
}

TEST_F(LastGoodFileTest, HasNothingToSyncOnAFirstStart) { EXPECT_TRUE(file_.Sync().ok()); }

TEST_F(LastGoodFileTest, WriterSyncsBeforeItEnds) {
  {
    LastGoodWriter writer(directory_.path());
    std::promise<void> written;
    writer.Store(SnapshotAt(7), [&](const absl::Status&) { written.set_value(); });
    ASSERT_EQ(written.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  }
  EXPECT_EQ(file_.Load()->snapshot.generation(), 7U);
}

TEST_F(LastGoodFileTest, IsReadableByItsOwnerOnly) {
  ASSERT_TRUE(file_.Store(SnapshotAt(7)).ok());
  struct stat facts {};
  ASSERT_EQ(::stat(file_.last_path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST(LastGoodCodec, RefusesALaterVersion) {
  std::string bytes = *EncodeLastGood(SnapshotAt(7));
  bytes[8] = 2;
  EXPECT_EQ(Message(DecodeLastGood(bytes).status()), "format version 2; this program reads version 1");
}

TEST(LastGoodCodec, RefusesTrailingBytes) { EXPECT_FALSE(DecodeLastGood(*EncodeLastGood(SnapshotAt(7)) + "x").ok()); }

TEST_F(LastGoodFileTest, WriterStoresOnAThreadOfItsOwn) {
  std::promise<absl::Status> stored;
  {
    LastGoodWriter writer(directory_.path());
    writer.Store(SnapshotAt(5), [&](absl::Status status) { stored.set_value(std::move(status)); });
    std::future<absl::Status> future = stored.get_future();
    ASSERT_EQ(future.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_TRUE(future.get().ok());
  }
  EXPECT_EQ(file_.Load()->snapshot.generation(), 5U);
}

TEST_F(LastGoodFileTest, WriterDoesNotWaitForASync) {
  // A link to itself cannot be synced, so the sync that comes first ends in the callback, which we hold.
  ASSERT_EQ(::symlink(file_.last_path().c_str(), file_.last_path().c_str()), 0);
  std::promise<void> syncing;
  std::promise<void> release;
  std::promise<absl::Status> stored;
  {
    LastGoodWriter writer(directory_.path(), [&](const absl::Status&) {
      syncing.set_value();
      release.get_future().wait();
    });
    ASSERT_EQ(syncing.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    writer.Store(SnapshotAt(5), [&](absl::Status status) { stored.set_value(std::move(status)); });
    std::future<absl::Status> future = stored.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    release.set_value();
  }
  EXPECT_EQ(file_.Load()->snapshot.generation(), 5U);
}

TEST_F(LastGoodFileTest, WriterAnswersEachCallOnce) {
  int answers = 0;
  std::mutex mutex;
  {
    LastGoodWriter writer(directory_.path());
    for (std::uint64_t i = 1; i <= 20; ++i) {
      writer.Store(SnapshotAt(i), [&](const absl::Status&) {
        const std::lock_guard lock(mutex);
        ++answers;
      });
    }
  }
  EXPECT_EQ(answers, 20);
}

}  // namespace
}  // namespace switchyard::agent::config
