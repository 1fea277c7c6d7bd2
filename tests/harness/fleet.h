// Fleet: a controller and agents as real processes, in a directory of their own, on loopback ports that the kernel picks.
//
// Everything goes the way an operator goes: agents join by a token from `yardctl token create`, resources are applied through
// `yardctl apply`. So a test that uses a fleet also tests the way to it.
// Thread-safety: one thread. Start takes a second or so; share one fleet among the tests of a suite.
// Errors: statuses that carry the output of the program that failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/process.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::harness {

struct FleetOptions {
  std::size_t agents = 1;
  unsigned workers = 2;
  // Added to every controller's / agent's command line.
  std::vector<std::string> controller_flags;
  std::vector<std::string> agent_flags;
};

class Fleet {
 public:
  static absl::StatusOr<std::unique_ptr<Fleet>> Start(FleetOptions options = {});

  // `yardctl apply -f - --wait`: OK when every agent has applied it.
  absl::Status Apply(std::string_view yaml);
  // Any yardctl command, with the admin credential.
  absl::StatusOr<Finished> Yardctl(std::vector<std::string> arguments, std::string input = {});

  Process& controller() { return *controller_; }
  std::uint16_t controller_port() const { return controller_port_; }
  // After Kill or exit: the same data directory and port.
  absl::Status StartController();

  std::size_t size() const { return agents_.size(); }
  Process& agent(std::size_t i) { return *agents_[i].process; }
  std::uint16_t admin_port(std::size_t i) const { return agents_[i].admin_port; }
  const std::string& agent_directory(std::size_t i) const { return agents_[i].directory; }
  // Adds one agent, node `agent-<i>`, with label `node=agent-<i>`, and waits until it is connected.
  absl::Status AddAgent();
  // After Kill or exit: the same data directory, no token.
  absl::Status StartAgent(std::size_t i);
  // Starts a new process that takes over from agent i; returns the old one, which drains.
  absl::StatusOr<std::unique_ptr<Process>> UpgradeAgent(std::size_t i);
  // A further process with the flags of agent i and these; not waited for, or run to its end.
  absl::StatusOr<std::unique_ptr<Process>> StartSpareAgent(std::size_t i, const std::vector<std::string>& flags);
  absl::StatusOr<Finished> SpareAgent(std::size_t i, const std::vector<std::string>& flags);
  // `process` is agent i from now on.
  void Adopt(std::size_t i, std::unique_ptr<Process> process) { agents_[i].process = std::move(process); }
  // GET of the agent's admin port; the body, whatever the status.
  absl::StatusOr<std::string> AdminGet(std::size_t i, const std::string& path);

  const TempDir& directory() const { return directory_; }

 private:
  struct Agent {
    std::string directory;
    std::unique_ptr<Process> process;
    std::uint16_t admin_port = 0;
  };

  explicit Fleet(FleetOptions options) : options_(std::move(options)) {}
  absl::Status Launch(std::size_t i, const std::string& token, bool take_over = false);
  ProcessOptions AgentProcess(std::size_t i, const std::vector<std::string>& flags) const;
  absl::StatusOr<std::string> CreateToken();

  const FleetOptions options_;
  TempDir directory_;
  std::unique_ptr<Process> controller_;
  std::uint16_t controller_port_ = 0;
  std::vector<Agent> agents_;
};

}  // namespace switchyard::harness
