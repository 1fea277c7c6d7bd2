// A directory of its own for each test, removed at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace switchyard {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string form = (parent / "switchyard-test-XXXXXX").string();
    if (::mkdtemp(form.data()) == nullptr) std::abort();
    path_ = form;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace switchyard
