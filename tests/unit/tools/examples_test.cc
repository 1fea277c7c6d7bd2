// Goal: every example in deploy/examples is right. Method: each file through the very reader and rules that `yardctl validate` uses.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "tools/yardctl/commands/commands.h"

namespace switchyard::tools::yardctl {
namespace {

namespace fs = std::filesystem;

fs::path ExamplesDirectory() {
  const char* source = std::getenv("YARD_SOURCE");
  return fs::path(source == nullptr ? "." : source) / "deploy" / "examples";
}

ExitCode Validate(const fs::path& path, std::string& complaints) {
  const SystemClock clock;
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream none;
  const Context context{nullptr, clock, out, err};
  const ExitCode exit_code = RunValidate({{path.string()}}, context, none);
  complaints = err.str();
  return exit_code;
}

TEST(Examples, AreValidEachByItself) {
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(ExamplesDirectory())) {
    if (entry.path().extension() != ".yaml") continue;
    std::string complaints;
    EXPECT_EQ(Validate(entry.path(), complaints), ExitCode::kOk) << complaints;
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(Examples, OfTheDemoAreValidAsOneChange) {
  std::string complaints;
  EXPECT_EQ(Validate(ExamplesDirectory() / "demo", complaints), ExitCode::kOk) << complaints;
}

}  // namespace
}  // namespace switchyard::tools::yardctl
