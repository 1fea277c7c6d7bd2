// One holder at a time, whatever else is wrong has a message with the path.
#include "agent/config/data_directory.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/status.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::agent::config {
namespace {

TEST(DataDirectory, IsMadeWithWhatIsAboveIt) {
  harness::TempDir temp;
  const auto opened = DataDirectory::Open(temp.Sub("a/b/agent"));
  ASSERT_TRUE(opened.ok()) << Message(opened.status());
  EXPECT_TRUE(std::filesystem::is_directory(temp.Sub("a/b/agent")));
}

TEST(DataDirectory, HasOneHolder) {
  harness::TempDir temp;
  {
    const auto first = DataDirectory::Open(temp.path());
    ASSERT_TRUE(first.ok());
    const auto second = DataDirectory::Open(temp.path());
    EXPECT_TRUE(absl::IsAlreadyExists(second.status()));
    EXPECT_NE(Message(second.status()).find("in use by another agent"), std::string_view::npos);
  }
  EXPECT_TRUE(DataDirectory::Open(temp.path()).ok());
}

TEST(DataDirectory, RefusesAFileInItsPlace) {
  harness::TempDir temp;
  const std::string path = temp.Write("file", "x");
  const auto opened = DataDirectory::Open(path);
  EXPECT_FALSE(opened.ok());
  EXPECT_NE(Message(opened.status()).find(path), std::string_view::npos);
}

}  // namespace
}  // namespace switchyard::agent::config
