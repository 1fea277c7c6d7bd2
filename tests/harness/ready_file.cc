#include "tests/harness/ready_file.h"

#include <fmt/format.h>

#include <charconv>

namespace switchyard::harness {

std::optional<std::uint16_t> PortIn(std::string_view json, std::string_view key) {
  const std::string quoted = fmt::format("\"{}\"", key);
  std::size_t at = json.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view value = json.substr(at + quoted.size());
  value = value.substr(0, value.find_first_of(",}\n"));
  while (!value.empty() && (value.back() < '0' || value.back() > '9')) value.remove_suffix(1);
  at = value.find_last_not_of("0123456789");
  if (at != std::string_view::npos) value.remove_prefix(at + 1);
  std::uint16_t port = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), port).ec != std::errc() || port == 0) return std::nullopt;
  return port;
}

absl::StatusOr<std::uint16_t> WaitForPort(Process& process, const std::string& path, std::string_view key, Duration within) {
  std::optional<std::uint16_t> port;
  bool gone = false;
  const bool ended = Eventually(
      [&] {
        port = PortIn(ReadFile(path), key);
        gone = !process.Running();
        return port.has_value() || gone;
      },
      within);
  if (port) return *port;
  if (gone) return absl::UnavailableError("ended before it was ready: " + process.Describe());
  return absl::DeadlineExceededError(fmt::format("no \"{}\" in {} ({}): {}", key, path, ended ? "written" : "not ready", process.Describe()));
}

}  // namespace switchyard::harness
