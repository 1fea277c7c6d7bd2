// Private files on a real file system: mode, atomic replacement, and a clear refusal of each thing that is not private.
#include "common/tls/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/base/status.h"

namespace switchyard::tls {
namespace {

namespace fs = std::filesystem;

class PrivateFileTest : public testing::Test {
 protected:
  PrivateFileTest() {
    std::string form = (fs::temp_directory_path() / "private-file-XXXXXX").string();
    directory_ = ::mkdtemp(form.data());
    path_ = directory_ + "/secret";
  }
  ~PrivateFileTest() override { fs::remove_all(directory_); }

  static unsigned ModeOf(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 07777;
  }

  std::string directory_;
  std::string path_;
};

TEST_F(PrivateFileTest, IsForTheOwnerOnlyWhateverTheUmask) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(WritePrivateFile(path_, "secret").ok());
  ::umask(before);
  EXPECT_EQ(ModeOf(path_), 0600u);
  EXPECT_EQ(*ReadPrivateFile(path_, 100), "secret");
}

TEST_F(PrivateFileTest, ReplacesWholeAndLeavesNothingBehind) {
  ASSERT_TRUE(WritePrivateFile(path_, std::string(100000, 'a')).ok());
  ASSERT_TRUE(WritePrivateFile(path_, "b").ok());
  EXPECT_EQ(*ReadPrivateFile(path_, 100), "b");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(PrivateFileTest, ReplacesAFileThatWasTooOpen) {
  std::ofstream(path_) << "old";
  ::chmod(path_.c_str(), 0644);
  ASSERT_TRUE(WritePrivateFile(path_, "new").ok());
  EXPECT_EQ(ModeOf(path_), 0600u);
}

TEST_F(PrivateFileTest, RefusesToReadWhatOthersMayRead) {
  ASSERT_TRUE(WritePrivateFile(path_, "secret").ok());
  ::chmod(path_.c_str(), 0640);
  const auto read = ReadPrivateFile(path_, 100);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(read.status()).find("chmod 600"), std::string_view::npos);
}

TEST_F(PrivateFileTest, RefusesMoreThanAsked) {
  ASSERT_TRUE(WritePrivateFile(path_, "0123456789").ok());
  EXPECT_TRUE(ReadPrivateFile(path_, 10).ok());
  EXPECT_EQ(ReadPrivateFile(path_, 9).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PrivateFileTest, TellsAMissingFileByName) {
  const auto read = ReadPrivateFile(path_, 10);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Message(read.status()).find(path_), std::string_view::npos);
  EXPECT_EQ(WritePrivateFile(directory_ + "/missing/secret", "x").code(), absl::StatusCode::kNotFound);
}

TEST_F(PrivateFileTest, RefusesWhatIsNotAFile) {
  EXPECT_FALSE(ReadPrivateFile(directory_, 10).ok());
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(ReadPrivateFile(path_, 10).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(WritePrivateFile(directory_, "x").ok());
}

TEST_F(PrivateFileTest, MakesDirectoriesForTheOwnerOnly) {
  const std::string deep = directory_ + "/a/b/";
  ASSERT_TRUE(MakePrivateDirectory(deep).ok());
  EXPECT_EQ(ModeOf(deep), 0700u);
  EXPECT_TRUE(MakePrivateDirectory(deep).ok());
  ASSERT_TRUE(WritePrivateFile(path_, "x").ok());
  EXPECT_FALSE(MakePrivateDirectory(path_).ok());
  EXPECT_FALSE(MakePrivateDirectory(path_ + "/below").ok());
}

TEST_F(PrivateFileTest, MakesADirectoryOfABareName) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const absl::Status made = MakePrivateDirectory("bare");
  std::filesystem::current_path(before);
  ASSERT_TRUE(made.ok()) << made;
  EXPECT_EQ(ModeOf(directory_ + "/bare"), 0700u);
}

}  // namespace
}  // namespace switchyard::tls
