// What the contract cannot say of RocksDB: starts after starts and crashes, and each thing that can be wrong with a directory or a disk.
//
// A crash is played by copying the directory while the store is open: the copy has what a kill would leave. A full disk is played twice: by
// a limit on file size, which any user may set, and by a small tmpfs in a namespace of its own, where the kernel allows that.
#include "controlplane/store/rocksdb_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "tests/unit/controlplane/store/changes.h"
#include "tests/unit/controlplane/store/temporary_directory.h"

namespace switchyard::controlplane::store {
namespace {

namespace fs = std::filesystem;

v1::Resource Large(const std::string& name, std::size_t bytes) {
  v1::Resource resource = UpstreamNamed(name, "10.0.0.1:80");
  // Not compressible to nothing.
  std::string padding(bytes, 'x');
  for (std::size_t i = 0; i < padding.size(); ++i) padding[i] = static_cast<char>('a' + (i * i * 31 + i / 7) % 26);
  (*resource.mutable_labels())["padding"] = std::move(padding);
  return resource;
}

class RocksdbStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open(RocksdbOptions options = {}) { return OpenAt(path_, options); }
  static std::unique_ptr<Store> OpenAt(const std::string& path, RocksdbOptions options = {}) {
    auto store = OpenRocksdbStore(path, options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? std::move(*store) : nullptr;
  }
  // What a crash now would leave.
  std::string CrashCopy() {
    // The store's own threads remove obsolete files meanwhile: a copy that one vanished under is made anew.
    std::error_code error;
    for (int tries = 0; tries < 100; ++tries) {
      const std::string copy = directory_.path() + "/copy" + std::to_string(copies_++);
      fs::copy(path_, copy, fs::copy_options::recursive, error);
      if (!error) return copy;
    }
    ADD_FAILURE() << "cannot copy " << path_ << ": " << error.message();
    return {};
  }
  static std::vector<fs::path> FilesOf(const std::string& path, const std::string& extension) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == extension) files.push_back(entry.path());
    }
    return files;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/store";
  int copies_ = 0;
};

TEST_F(RocksdbStoreTest, FindsEverythingAtTheNextStart) {
  auto store = Open();
  ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:80"), RouteNamed("r", "a"), UpstreamNamed("b", "10.0.0.2:80")})).ok());
  ASSERT_TRUE(store->Commit(Drop({KeyNamed(v1::KIND_UPSTREAM, "b")})).ok());
  const auto revision = store->PutRecord("token", "t", "value", 0);
  store = nullptr;
  store = Open();
  EXPECT_EQ(store->Read()->generation, 2u);
  EXPECT_EQ(store->Read()->resources.size(), 2u);
  EXPECT_EQ(store->Read()->Find(v1::KIND_UPSTREAM, "a")->generation(), 1u);
  EXPECT_EQ(store->History(0, 10)->size(), 2u);
  EXPECT_EQ(store->ChangeAt(1)->resources.size(), 3u);
  EXPECT_EQ(store->GetRecord("token", "t")->revision, *revision);
  EXPECT_GT(*store->PutRecord("token", "u", "value", 0), *revision);
  EXPECT_EQ(store->Commit(Put({UpstreamNamed("c", "10.0.0.3:80")}))->generation(), 3u);
}

TEST_F(RocksdbStoreTest, FindsEverythingAfterACrash) {
  const auto store = Open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a" + std::to_string(i), "10.0.0.1:80")})).ok());
  const auto again = OpenAt(CrashCopy());
  EXPECT_EQ(again->Read()->generation, 20u);
  EXPECT_EQ(again->Read()->resources.size(), 20u);
}

TEST_F(RocksdbStoreTest, FindsAllRecordsOfAWriteAfterACrash) {
  const auto store = Open();
  const std::vector<RecordPut> both = {{"token", "t", "used", 0}, {"enrolment", "node", "certificate", 0}};
  const auto written = store->PutRecords(both);
  ASSERT_TRUE(written.ok()) << written.status();
  const auto again = OpenAt(CrashCopy());
  EXPECT_EQ(again->GetRecord("token", "t")->revision, *written);
  EXPECT_EQ(again->GetRecord("enrolment", "node")->value, "certificate");
  EXPECT_GT(*again->PutRecord("token", "u", "x", 0), *written + 1);
}

TEST_F(RocksdbStoreTest, KeepsTheBoundOfTheHistoryAcrossStarts) {
  auto store = Open({.history = {.generations = 5}});
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1))})).ok());
  store = nullptr;
  store = Open({.history = {.generations = 3}});
  EXPECT_EQ(store->OldestGeneration(), 8u);
  ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:99")})).ok());
  EXPECT_EQ(store->OldestGeneration(), 11u);
  EXPECT_EQ(store->ChangeAt(10).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RocksdbStoreTest, DropsAnIncompleteLastRecordOnly) {
  const auto store = Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1))})).ok());
  const std::string copy = CrashCopy();
  const auto logs = FilesOf(copy, ".log");
  ASSERT_EQ(logs.size(), 1u);
  fs::resize_file(logs[0], fs::file_size(logs[0]) - 3);
  const auto again = OpenAt(copy);
  EXPECT_EQ(again->Read()->generation, 4u);
  EXPECT_EQ(again->Read()->Find(v1::KIND_UPSTREAM, "a")->upstream().backends(0).address(), "10.0.0.1:4");
}

TEST_F(RocksdbStoreTest, RefusesDamageInTheMiddle) {
  const auto store = Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:" + std::to_string(i + 1))})).ok());
  const std::string copy = CrashCopy();
  const auto logs = FilesOf(copy, ".log");
  ASSERT_EQ(logs.size(), 1u);
  std::fstream log(logs[0], std::ios::in | std::ios::out | std::ios::binary);
  log.seekp(static_cast<std::streamoff>(fs::file_size(logs[0]) / 2));
  log << "damage";
  log.close();
  const auto again = OpenRocksdbStore(copy);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kDataLoss) << again.status();
  EXPECT_NE(Message(again.status()).find(copy), std::string_view::npos);
  EXPECT_NE(Message(again.status()).find("backup"), std::string_view::npos);
}

TEST_F(RocksdbStoreTest, RefusesASecondControllerByName) {
  const auto store = Open();
  const auto second = OpenRocksdbStore(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(second.status()).find("another controller uses this directory"), std::string_view::npos) << second.status();
  EXPECT_NE(Message(second.status()).find(path_), std::string_view::npos);
}

TEST_F(RocksdbStoreTest, RefusesPathsThatAreNoDirectory) {
  std::ofstream(directory_.path() + "/file") << "x";
  EXPECT_EQ(OpenRocksdbStore(directory_.path() + "/file").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenRocksdbStore(directory_.path() + "/file/below").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RocksdbStoreTest, KeepsItsDirectoryToItself) {
  const auto store = Open();
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_all);
}

TEST_F(RocksdbStoreTest, TakesAChangeLargerThanItsMemtable) {
  auto store = Open();
  std::vector<v1::Resource> many;
  for (int i = 0; i < 20; ++i) many.push_back(Large("a" + std::to_string(i), 1 << 20));
  ASSERT_TRUE(store->Commit(Put(many)).ok());
  const auto again = OpenAt(CrashCopy());
  EXPECT_EQ(again->Read()->resources.size(), 20u);
  EXPECT_EQ(again->ChangeAt(1)->resources.size(), 20u);
}

TEST_F(RocksdbStoreTest, KeepsItsLogAndItsOwnNotesBounded) {
  const auto store = Open({.history = {.generations = 4}, .write_buffer_bytes = 256 << 10, .max_log_bytes = 1 << 20});
  for (int i = 0; i < 60; ++i) {
    v1::Resource resource = Large("a", 200 << 10);
    resource.mutable_upstream()->mutable_backends(0)->set_address("10.0.0.1:" + std::to_string(i + 1));
    ASSERT_TRUE(store->Commit(Put({resource})).ok());
  }
  std::uintmax_t logs = 0;
  for (const auto& log : FilesOf(path_, ".log")) logs += fs::file_size(log);
  EXPECT_LT(logs, 8u << 20);
  EXPECT_LT(fs::file_size(path_ + "/LOG"), 2u << 20);
}

// While it lives, no file grows beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(RocksdbStoreTest, ComesBackAfterAFailedWriteWithoutRestart) {
  const auto store = Open();
  ASSERT_TRUE(store->Commit(Put({UpstreamNamed("a", "10.0.0.1:80")})).ok());
  int told = 0;
  const auto watch = store->Watch([&](const ChangeRecord&, const std::shared_ptr<const Catalog>&) { ++told; });
  {
    const FileSizeLimit limit(100 << 10);
    for (int i = 0; i < 3; ++i) {
      const auto failed = store->Commit(Put({Large("b", 1 << 20), UpstreamNamed("c", "10.0.0.1:80")}));
      EXPECT_EQ(failed.status().code(), absl::StatusCode::kInternal) << failed.status();
      EXPECT_NE(Message(failed.status()).find(path_), std::string_view::npos);
    }
    EXPECT_EQ(store->Read()->generation, 1u);
    EXPECT_EQ(store->Read()->resources.size(), 1u);
  }
  EXPECT_EQ(told, 0);
  EXPECT_EQ(store->Commit(Put({UpstreamNamed("d", "10.0.0.1:80")}))->generation(), 2u);
  EXPECT_TRUE(store->PutRecord("token", "t", "x", 0).ok());
  EXPECT_EQ(told, 1);
  // Nothing of the failed change comes back, and nothing after it is lost.
  const auto again = OpenAt(CrashCopy());
  EXPECT_EQ(again->Read()->generation, 2u);
  EXPECT_EQ(again->Read()->resources.size(), 2u);
  EXPECT_NE(again->Read()->Find(v1::KIND_UPSTREAM, "d"), nullptr);
  EXPECT_TRUE(again->GetRecord("token", "t").ok());
}

TEST_F(RocksdbStoreTest, ComesBackWhenTheVeryFirstWriteFailed) {
  auto store = Open();
  store = nullptr;
  store = Open();
  {
    const FileSizeLimit limit(100 << 10);
    EXPECT_FALSE(store->Commit(Put({Large("b", 1 << 20)})).ok());
  }
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->Commit(Put({UpstreamNamed("d" + std::to_string(i), "10.0.0.1:80")})).ok());
  const auto again = OpenAt(CrashCopy());
  EXPECT_EQ(again->Read()->generation, 5u);
  EXPECT_EQ(again->Read()->resources.size(), 5u);
}

// Runs the part of this program that needs a file system of its own, on a tmpfs of 8 MiB mounted over $YARD_SMALL_DISK.
class SmallDiskTest : public testing::Test {
 protected:
  static constexpr int kNotAllowed = 77;

  // True in the inner process; the outer one has run it, and the test is over.
  bool Inside() {
    if (const char* const path = std::getenv("YARD_SMALL_DISK"); path != nullptr) {
      disk_ = path;
      return true;
    }
    const testing::TestInfo& self = *testing::UnitTest::GetInstance()->current_test_info();
    const TemporaryDirectory mount_point;
    const std::string program = fs::read_symlink("/proc/self/exe").string();
    const std::string command = "unshare -rm sh -c 'mount -t tmpfs -o size=8m tmpfs " + mount_point.path() +
                                " || exit 77; YARD_SMALL_DISK=" + mount_point.path() + " exec " + program +
                                " --gtest_filter=" + self.test_suite_name() + "." + self.name() + "' 2>&1";
    if (::system("unshare -rm true 2>/dev/null") != 0) {
      Skip();
      return false;
    }
    const int result = ::system(command.c_str());
    if (WIFEXITED(result) && WEXITSTATUS(result) == kNotAllowed) {
      Skip();
      return false;
    }
    EXPECT_EQ(result, 0);
    return false;
  }
  static void Skip() { GTEST_SKIP() << "this kernel does not let us mount in a namespace of our own"; }

  std::string disk_;
};

TEST_F(SmallDiskTest, TellsAFullDiskAndGoesOnOnceThereIsSpace) {
  if (!Inside()) return;
  const std::string path = disk_ + "/store";
  auto store = *OpenRocksdbStore(path);
  ASSERT_TRUE(store->Commit(Put({UpstreamNamed("first", "10.0.0.1:80")})).ok());
  const std::string ballast = disk_ + "/ballast";
  { std::ofstream(ballast) << std::string(3 << 20, 'b'); }
  absl::Status full;
  std::uint64_t committed = 1;
  for (int i = 0; i < 40 && full.ok(); ++i) {
    const auto entry = store->Commit(Put({Large("large" + std::to_string(i), 400 << 10)}));
    full = entry.status();
    if (entry.ok()) committed = entry->generation();
  }
  ASSERT_EQ(full.code(), absl::StatusCode::kInternal) << full;
  EXPECT_NE(Message(full).find(path), std::string_view::npos);
  EXPECT_NE(Message(full).find("free some space"), std::string_view::npos);
  EXPECT_EQ(store->Read()->generation, committed);
  EXPECT_EQ(store->Read()->Find(v1::KIND_UPSTREAM, "large" + std::to_string(committed - 1)), nullptr);
  fs::remove(ballast);
  const auto after = store->Commit(Put({UpstreamNamed("last", "10.0.0.1:80")}));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->generation(), committed + 1);
  store = nullptr;
  store = *OpenRocksdbStore(path);
  EXPECT_EQ(store->Read()->generation, committed + 1);
  EXPECT_NE(store->Read()->Find(v1::KIND_UPSTREAM, "first"), nullptr);
  EXPECT_NE(store->Read()->Find(v1::KIND_UPSTREAM, "last"), nullptr);
}

// The log itself cannot be appended to, which no small change on a full disk brings about: those fail when a table is written.
TEST_F(SmallDiskTest, SurvivesChangesLargerThanTheDisk) {
  if (!Inside()) return;
  const std::string path = disk_ + "/store";
  auto store = *OpenRocksdbStore(path);
  ASSERT_TRUE(store->Commit(Put({UpstreamNamed("first", "10.0.0.1:80")})).ok());
  // A fresh start: its memtables hold nothing that could be written out.
  store = nullptr;
  store = *OpenRocksdbStore(path);
  const std::string ballast = disk_ + "/ballast";
  { std::ofstream(ballast) << std::string(4 << 20, 'b'); }
  std::vector<v1::Resource> many;
  for (int i = 0; i < 10; ++i) many.push_back(Large("a" + std::to_string(i), 900 << 10));
  for (int i = 0; i < 4; ++i) {
    const auto full = store->Commit(Put(many)).status();
    ASSERT_FALSE(full.ok());
    EXPECT_NE(Message(full).find("free some space"), std::string_view::npos) << full;
    EXPECT_EQ(store->Read()->generation, 1u);
    // What is there can be read meanwhile.
    EXPECT_EQ(store->History(0, 10)->size(), 1u);
  }
  fs::remove(ballast);
  ASSERT_EQ(store->Commit(Put({UpstreamNamed("last", "10.0.0.1:80")}))->generation(), 2u);
  store = nullptr;
  store = *OpenRocksdbStore(path);
  EXPECT_EQ(store->Read()->generation, 2u);
  EXPECT_EQ(store->Read()->resources.size(), 2u);
}

TEST_F(SmallDiskTest, TellsAReadOnlyDirectory) {
  if (!Inside()) return;
  const std::string path = disk_ + "/store";
  { auto store = *OpenRocksdbStore(path); }
  ASSERT_EQ(::system(("mount -o remount,ro " + disk_).c_str()), 0);
  for (const std::string& place : {path, disk_ + "/new"}) {
    const auto opened = OpenRocksdbStore(place);
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition) << opened.status();
    EXPECT_NE(Message(opened.status()).find("mount it writable"), std::string_view::npos) << opened.status();
  }
}

// --- secrets ---

v1::Resource SecretNamed(const std::string& name, const std::string& key) {
  v1::Resource resource;
  resource.set_name(name);
  resource.mutable_secret()->mutable_certificate()->set_private_key_pem(key);
  return resource;
}

std::vector<std::string> FilesWith(const std::string& directory, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (entry.is_regular_file() && bytes.find(text) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

TEST_F(RocksdbStoreTest, SealsSecretsInCatalogHistoryAndLog) {
  const std::string key = "a private key that nobody may find";
  RocksdbOptions options;
  options.seal_file = path_ + ".seal";
  auto store = Open(options);
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->Commit(Put({SecretNamed("s", key), UpstreamNamed("plain", "10.0.0.1:80")})).ok());
  EXPECT_EQ(FilesWith(path_, key), std::vector<std::string>());
  store = nullptr;
  EXPECT_EQ(FilesWith(path_, key), std::vector<std::string>());
  store = Open(options);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Read()->Find(v1::KIND_SECRET, "s")->secret().certificate().private_key_pem(), key);
  EXPECT_EQ(store->ChangeAt(1)->resources.size(), 2u);
  store = nullptr;
  options.seal_file = path_ + ".other";
  EXPECT_EQ(OpenRocksdbStore(path_, options).status().code(), absl::StatusCode::kDataLoss) << "another key";
  EXPECT_FALSE(OpenRocksdbStore(path_).ok()) << "no key";
}

TEST_F(RocksdbStoreTest, TakesNoSecretsWithoutASeal) {
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Commit(Put({SecretNamed("s", "key")})).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Read()->generation, 0u);
  EXPECT_TRUE(store->Commit(Put({UpstreamNamed("plain", "10.0.0.1:80")})).ok());
}

}  // namespace
}  // namespace switchyard::controlplane::store
