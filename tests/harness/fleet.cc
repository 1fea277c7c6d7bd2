#include "tests/harness/fleet.h"

#include <fmt/format.h>

#include <filesystem>

#include "common/base/status.h"
#include "tests/harness/raw_http_client.h"
#include "tests/harness/ready_file.h"

namespace switchyard::harness {
namespace {

void Append(std::vector<std::string>& to, const std::vector<std::string>& more) { to.insert(to.end(), more.begin(), more.end()); }

// The token is the one word of the output that starts as tokens do.
std::string TokenIn(const std::string& text) {
  const std::size_t at = text.find("syt1.");
  if (at == std::string::npos) return {};
  return text.substr(at, text.find_first_of(" \n\t\"", at) - at);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Start(FleetOptions options) {
  const std::size_t agents = options.agents;
  std::unique_ptr<Fleet> fleet(new Fleet(std::move(options)));
  if (const absl::Status status = fleet->StartController(); !status.ok()) return status;
  for (std::size_t i = 0; i < agents; ++i) {
    if (const absl::Status status = fleet->AddAgent(); !status.ok()) return status;
  }
  return fleet;
}

absl::Status Fleet::StartController() {
  const std::string ready = directory_.Sub("controller.ready");
  std::filesystem::remove(ready);
  ProcessOptions options;
  options.argv = {ProgramPath("yard-controller"), "--data-dir", directory_.Sub("controller"), "--listen",
                  fmt::format("127.0.0.1:{}", controller_port_), "--metrics-listen", "127.0.0.1:0", "--ready-file", ready};
  Append(options.argv, options_.controller_flags);
  auto process = Process::Start(std::move(options));
  if (!process.ok()) return process.status();
  controller_ = *std::move(process);
  auto port = WaitForPort(*controller_, ready, "port");
  if (!port.ok()) return port.status();
  controller_port_ = *port;
  return absl::OkStatus();
}

absl::StatusOr<Finished> Fleet::Yardctl(std::vector<std::string> arguments, std::string input) {
  ProcessOptions options;
  options.argv = {ProgramPath("yardctl"), "--credential", directory_.Sub("controller/admin.credential")};
  Append(options.argv, arguments);
  options.input = std::move(input);
  return RunProgram(std::move(options), 2 * kPatience);
}

absl::Status Fleet::Apply(std::string_view yaml) {
  auto done = Yardctl({"apply", "-f", "-", "--wait"}, std::string(yaml));
  if (!done.ok()) return done.status();
  if (done->exit.code == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("yardctl apply: exit {}\n{}{}", done->exit.code, done->out, done->err));
}

absl::StatusOr<std::string> Fleet::CreateToken() {
  auto done = Yardctl({"token", "create"});
  if (!done.ok()) return done.status();
  const std::string token = TokenIn(done->out);
  if (token.empty()) return absl::InternalError(fmt::format("yardctl token create: exit {}\n{}{}", done->exit.code, done->out, done->err));
  return token;
}

absl::Status Fleet::AddAgent() {
  auto token = CreateToken();
  if (!token.ok()) return token.status();
  Agent& agent = agents_.emplace_back();
  agent.directory = directory_.Sub(fmt::format("agent-{}", agents_.size() - 1));
  const std::size_t i = agents_.size() - 1;
  if (const absl::Status status = Launch(i, *token); !status.ok()) return status;
  const bool connected = Eventually([&] { return AdminGet(i, "/metrics").value_or("").find("\nswitchyard_controller_connected 1") != std::string::npos; });
  return connected ? absl::OkStatus() : absl::DeadlineExceededError("not connected: " + agents_[i].process->Describe());
}

absl::Status Fleet::StartAgent(std::size_t i) { return Launch(i, {}); }

ProcessOptions Fleet::AgentProcess(std::size_t i, const std::vector<std::string>& flags) const {
  const std::string node = fmt::format("agent-{}", i);
  ProcessOptions options;
  options.argv = {ProgramPath("yard-agent"), "--controller", fmt::format("127.0.0.1:{}", controller_port_), "--data-dir", agents_[i].directory,
                  "--node", node, "--label", "node=" + node, "--admin", "127.0.0.1:0", "--workers", std::to_string(options_.workers)};
  Append(options.argv, options_.agent_flags);
  Append(options.argv, flags);
  return options;
}

absl::Status Fleet::Launch(std::size_t i, const std::string& token, bool take_over) {
  Agent& agent = agents_[i];
  const std::string ready = directory_.Sub(fmt::format("agent-{}.ready", i));
  std::filesystem::remove(ready);
  std::vector<std::string> flags = {"--ready-file", ready};
  if (!token.empty()) Append(flags, {"--join-token", token});
  if (take_over) flags.push_back("--take-over");
  auto process = Process::Start(AgentProcess(i, flags));
  if (!process.ok()) return process.status();
  agent.process = *std::move(process);
  auto port = WaitForPort(*agent.process, ready, "admin_port");
  if (!port.ok()) return port.status();
  agent.admin_port = *port;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Process>> Fleet::UpgradeAgent(std::size_t i) {
  std::unique_ptr<Process> old = std::move(agents_[i].process);
  if (const absl::Status status = Launch(i, {}, /*take_over=*/true); !status.ok()) return status;
  return old;
}

absl::StatusOr<std::unique_ptr<Process>> Fleet::StartSpareAgent(std::size_t i, const std::vector<std::string>& flags) {
  return Process::Start(AgentProcess(i, flags));
}

absl::StatusOr<Finished> Fleet::SpareAgent(std::size_t i, const std::vector<std::string>& flags) { return RunProgram(AgentProcess(i, flags)); }

absl::StatusOr<std::string> Fleet::AdminGet(std::size_t i, const std::string& path) {
  auto client = RawHttpClient::Connect(agents_[i].admin_port);
  if (!client.ok()) return client.status();
  auto answer = client->Exchange(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path));
  if (!answer.ok()) return answer.status();
  return answer->body;
}

}  // namespace switchyard::harness
