// Succession: how this process gives its place to a new one, and how it is told to (SIGUSR2 starts one; or one comes by itself).
//
// Gives copies of everything first (agent/handover/incumbent.h); only when the new process serves does this one let go: it leaves the
// controller's stream and the data directory, and drains bit by bit. Whatever goes wrong before, nothing has changed here.
//
// Thread-safety: control loop thread only. Bounds: one hand-over at a time. Errors: in the log; the agent goes on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/handover/descriptor.h"
#include "agent/handover/incumbent.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/observe/log.h"

namespace switchyard::agent::config {
class ControllerClient;
class DataDirectory;
}  // namespace switchyard::agent::config
namespace switchyard::agent::loop {
class ControlLoop;
}
namespace switchyard::agent::runtime {
class DataPlane;
}

namespace switchyard::agent {

// All must outlive the succession.
struct SuccessionParts {
  loop::ControlLoop* loop = nullptr;
  observe::Log* log = nullptr;
  config::ControllerClient* client = nullptr;
  config::DataDirectory* directory = nullptr;
  runtime::DataPlane* data_plane = nullptr;
  std::string instance;
  std::string admin_address;
  // argv of this process, and the file of its program.
  std::vector<std::string> command_line;
  std::string program;
  std::function<handover::Descriptor()> copy_admin_socket;
  std::function<std::vector<std::string>()> ticket_keys;
  // True: this process is ending; there is nothing to take over.
  std::function<bool()> ending;
  // A hand-over that was under way is not any more.
  std::function<void()> failed;
  // Another process has everything; end.
  std::function<void()> let_go;
};

class Succession {
 public:
  explicit Succession(SuccessionParts parts);
  ~Succession();
  // Where new processes ask: the inherited socket if there is one, else one at `path`.
  absl::Status Open(handover::Descriptor inherited, const std::string& path);
  // Starts this program anew, to take over.
  void Relaunch();
  bool busy() const { return incumbent_ != nullptr && incumbent_->busy(); }
  bool yielded() const { return yielded_; }
  // Nobody can take over any more.
  void Close();
  // Once a second, after the yield.
  void Tell(std::uint64_t open_connections, Duration ends_within);

 private:
  void Asked(const v1::HandoverHello& who, std::function<void(absl::StatusOr<handover::Holdings>)> give);
  absl::StatusOr<handover::Holdings> Gather(std::map<std::string, std::vector<int>> sockets);
  void Abandoned(const std::string& why);
  void Yield(pid_t pid);
  void WatchChild();

  const SuccessionParts parts_;
  std::unique_ptr<handover::Incumbent> incumbent_;
  bool yielded_ = false;
  pid_t child_ = 0;
  std::unique_ptr<Loop::Timer> child_timer_;
  // Falls with this object; answers of other threads look at it on the loop.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace switchyard::agent
