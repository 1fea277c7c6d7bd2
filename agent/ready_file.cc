#include "agent/ready_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "common/observe/json_text.h"
#include "fmt/format.h"

namespace switchyard::agent {

absl::Status WriteReadyFile(const std::string& path, const ReadyFacts& facts) {
  observe::JsonObject object;
  object.Add("pid", ::getpid());
  object.Add("node", facts.node);
  object.Add("admin_port", facts.admin_port);
  object.Add("generation", facts.generation);
  const std::string temporary = path + ".new";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << object.Finish() << '\n';
    if (!file.flush()) return absl::UnavailableError(fmt::format("ready file {} cannot be written", temporary));
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(fmt::format("ready file {}: {}", path, std::generic_category().message(errno)));
  }
  return absl::OkStatus();
}

}  // namespace switchyard::agent
