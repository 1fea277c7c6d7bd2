#include "agent/handover/relaunch.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

extern char** environ;

namespace switchyard::agent::handover {
namespace {

constexpr std::string_view kTakeOver = "YARD_TAKE_OVER=";

std::vector<std::string> Environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(kTakeOver)) all.emplace_back(*entry);
  }
  all.push_back(std::string(kTakeOver) + "1");
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string OwnProgram() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

absl::StatusOr<pid_t> StartSuccessor(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> settings = Environment();
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  pid_t child = 0;
  const int error = posix_spawn(&child, program.c_str(), &files, &attributes, Pointers(words).data(), Pointers(settings).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return absl::UnavailableError(fmt::format("cannot start {}: {}", program, std::strerror(error)));
  return child;
}

bool HasEnded(pid_t child, std::string& how) {
  int state = 0;
  if (waitpid(child, &state, WNOHANG) != child) return false;
  how = WIFEXITED(state) ? fmt::format("exit code {}", WEXITSTATUS(state)) : fmt::format("signal {}", WTERMSIG(state));
  return true;
}

}  // namespace switchyard::agent::handover
