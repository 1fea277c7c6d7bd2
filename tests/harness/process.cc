#include "tests/harness/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace switchyard::harness {
namespace {

// After fork only async-signal-safe calls are allowed, so all memory is prepared before.
[[noreturn]] void BecomeProgram(char* const* argv, char* const* env, const char* in, const char* out, const char* err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int in_fd = ::open(in, O_RDONLY);
  const int out_fd = ::open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int err_fd = ::open(err, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (in_fd < 0 || out_fd < 0 || err_fd < 0) ::_exit(127);
  ::dup2(in_fd, 0);
  ::dup2(out_fd, 1);
  ::dup2(err_fd, 2);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  ::execve(argv[0], argv, env);
  ::_exit(127);
}

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!extra.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
  }
  for (const auto& [name, value] : extra) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

std::string Tail(const std::string& text) {
  constexpr std::size_t kMost = 4096;
  return text.size() <= kMost ? text : "..." + text.substr(text.size() - kMost);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(ProcessOptions options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("no program named");
  if (::access(options.argv[0].c_str(), X_OK) != 0) {
    return absl::NotFoundError(fmt::format("cannot run {}: {}", options.argv[0], std::strerror(errno)));
  }
  std::unique_ptr<Process> self(new Process());
  self->argv_ = options.argv;
  const std::string in = options.input.empty() ? "/dev/null" : self->dir_.Write("stdin", options.input);
  const std::string out = self->dir_.Sub("stdout");
  const std::string err = self->dir_.Sub("stderr");
  std::vector<std::string> environment = MergedEnvironment(options.env);
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> env = Pointers(environment);
  const pid_t parent = ::getpid();
  self->pid_ = ::fork();
  if (self->pid_ < 0) return absl::ResourceExhaustedError(fmt::format("fork: {}", std::strerror(errno)));
  if (self->pid_ == 0) BecomeProgram(argv.data(), env.data(), in.c_str(), out.c_str(), err.c_str(), parent);
  self->pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, self->pid_, 0));
  return self;
}

Process::~Process() {
  if (pid_ > 0) Kill();
  if (pidfd_ >= 0) ::close(pidfd_);
}

void Process::Signal(int signal) {
  if (!ended_) ::kill(pid_, signal);
}

void Process::Kill() {
  Signal(SIGKILL);
  (void)Wait();
}

bool Process::Reap() {
  int status = 0;
  if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ = true;
    exit_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    exit_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  return ended_;
}

absl::StatusOr<Exit> Process::Wait(Duration within) {
  const Deadline deadline(within);
  while (!Reap()) {
    if (deadline.over()) return absl::DeadlineExceededError("still running: " + Describe());
    pollfd fd{pidfd_, POLLIN, 0};
    ::poll(&fd, 1, deadline.poll_timeout());
  }
  return exit_;
}

bool Process::Running() { return !Reap(); }

std::string Process::Stdout() const { return ReadFile(dir_.Sub("stdout")); }
std::string Process::Stderr() const { return ReadFile(dir_.Sub("stderr")); }

std::string Process::Describe() const {
  std::string text;
  for (const std::string& arg : argv_) text += arg + " ";
  text += ended_ ? fmt::format("(exit code {}, signal {})", exit_.code, exit_.signal) : std::string("(running)");
  return fmt::format("{}\n--- stdout\n{}\n--- stderr\n{}\n---", text, Tail(Stdout()), Tail(Stderr()));
}

long Process::ResidentKib() const {
  std::istringstream status(ReadFile(fmt::format("/proc/{}/status", pid_)));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

absl::StatusOr<Finished> RunProgram(ProcessOptions options, Duration within) {
  auto process = Process::Start(std::move(options));
  if (!process.ok()) return process.status();
  auto exit = (*process)->Wait(within);
  if (!exit.ok()) return exit.status();
  return Finished{*exit, (*process)->Stdout(), (*process)->Stderr()};
}

std::string ProgramPath(const std::string& name) {
  const char* bin = std::getenv("YARD_BIN");
  return std::string(bin != nullptr ? bin : "build/release/bin") + "/" + name;
}

}  // namespace switchyard::harness
