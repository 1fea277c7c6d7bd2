// Options of yard-agent: the command line, checked.
//
// Thread-safety: a value. Errors: what is wrong with which flag, and exit code 2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/join_token.h"
#include "common/base/clock.h"
#include "common/observe/log.h"

namespace switchyard::agent {

struct AgentOptions {
  // HOST:PORT. Empty: the agent serves its last-good configuration and speaks to nobody.
  std::string controller;
  std::optional<config::JoinToken> token;
  // Empty: that of the certificate, else that of the host.
  std::string node;
  std::map<std::string, std::string> labels;
  std::string zone;
  std::string data_directory;
  unsigned workers = 1;
  std::string admin_listen = "127.0.0.1:7401";
  bool admin_allow_remote = false;
  Duration drain_timeout = std::chrono::seconds(30);
  observe::LogLevel log_level = observe::LogLevel::kInfo;
  observe::LogFormat log_format = observe::LogFormat::kAuto;
  // `off`, `stdout`, or a path; a path is opened anew on SIGHUP.
  std::string access_log = "off";
  // Empty: none.
  std::string ready_file;
  // Take the place of the agent that holds the data directory, if there is one.
  bool take_over = false;
  // Where a new process asks for it. Empty: `handover.sock` in the data directory. `off`: nobody can.
  std::string handover_socket;
  // As this process was started, for starting it anew.
  std::vector<std::string> command_line;
};

// Not set: the program is to end with `exit_code` at once (help, version, or an error that has been printed).
std::optional<AgentOptions> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace switchyard::agent
