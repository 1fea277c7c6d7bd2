// yard-origin: a scripted HTTP/1.1 backend for tests, demos and benchmarks. Never for production.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "tools/wire/json_text.h"
#include "tools/yard-origin/options.h"
#include "tools/yard-origin/server.h"

namespace {

using switchyard::tools::origin::ServerOptions;

std::string ReadyJson(const std::vector<ServerOptions::Listen>& listens) {
  std::string ports;
  std::string listeners;
  for (const ServerOptions::Listen& listen : listens) {
    if (!ports.empty()) ports += ',', listeners += ',';
    ports += std::to_string(listen.address.port());
    listeners += fmt::format(R"({{"name":{},"address":"{}","port":{}}})", switchyard::tools::wire::JsonString(listen.name),
                             listen.address.ToString(), listen.address.port());
  }
  return fmt::format(R"({{"pid":{},"ports":[{}],"listeners":[{}]}})", getpid(), ports, listeners) + "\n";
}

// Whole or not at all: written beside, then renamed.
bool WriteReadyFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".tmp";
  std::FILE* file = std::fopen(beside.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = switchyard::tools::origin::ParseOptions(argc, argv, exit_code);
  if (!options) return exit_code;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto server = switchyard::tools::origin::Server::Start(options->server);
  if (!server.ok()) {
    fmt::print(stderr, "yard-origin: {}\n", switchyard::Message(server.status()));
    return 1;
  }
  for (const ServerOptions::Listen& listen : (*server)->listens())
    fmt::print(stderr, "yard-origin: {} on {}\n", listen.name, listen.address.ToString());
  if (!options->ready_file.empty() && !WriteReadyFile(options->ready_file, ReadyJson((*server)->listens()))) {
    fmt::print(stderr, "yard-origin: cannot write {}\n", options->ready_file);
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Stop();
  return 0;
}
