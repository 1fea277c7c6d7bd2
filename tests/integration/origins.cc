#include "tests/integration/origins.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/socket.h"

namespace switchyard::integration {

// One process per backend would cost more than the tests need; but the ready file of one names only its first port in the form that the harness
// reads, so each backend gets a fixed port that was free a moment ago.
Origins::Origins(const std::vector<std::string>& names) {
  harness::ProcessOptions options;
  options.argv = {harness::ProgramPath("yard-origin"), "--ready-file", directory_.Sub("ready")};
  std::vector<std::string> addresses;
  for (const std::string& name : names) {
    const harness::ReservedPort port;
    addresses.push_back(fmt::format("127.0.0.1:{}", port.port()));
    options.argv.insert(options.argv.end(), {"--listen", addresses.back(), "--name", name});
  }
  auto process = harness::Process::Start(std::move(options));
  if (!process.ok()) {
    ADD_FAILURE() << process.status();
    return;
  }
  process_ = *std::move(process);
  const std::string ready = directory_.Sub("ready");
  if (!harness::Eventually([&] { return std::filesystem::exists(ready); })) {
    ADD_FAILURE() << "yard-origin did not start\n" << process_->Describe();
    return;
  }
  addresses_ = std::move(addresses);
}

}  // namespace switchyard::integration
