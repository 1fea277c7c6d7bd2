// TempDir: a directory of one's own that is gone, with everything in it, at the end of the scope.
//
// Lies below $TMPDIR (default /tmp). Set YARD_KEEP_TEMP=1 to keep it and look inside. Thread-safety: a value owned by one thread.
// Errors: aborts when no directory can be made, since no test can go on.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::harness {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // path() + "/" + name
  std::string Sub(std::string_view name) const;
  // Writes (replaces) a file in it and returns its path.
  std::string Write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

// The whole file, or empty when it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace switchyard::harness
