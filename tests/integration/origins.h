// Origins: one yard-origin process with several backends, for tests that want a real peer.
//
// Thread-safety: one thread. Errors: a failed start fails the test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/process.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::integration {

class Origins {
 public:
  // One backend per name; each answers with `x-origin: <name>`.
  explicit Origins(const std::vector<std::string>& names);
  bool ok() const { return !addresses_.empty(); }
  // `127.0.0.1:port`, in the order of the names.
  const std::vector<std::string>& addresses() const { return addresses_; }
  harness::Process& process() { return *process_; }

 private:
  harness::TempDir directory_;
  std::unique_ptr<harness::Process> process_;
  std::vector<std::string> addresses_;
};

}  // namespace switchyard::integration
