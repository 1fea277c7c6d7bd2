#include "agent/succession.h"

#include <chrono>
#include <utility>

#include "agent/config/controller_client.h"
#include "agent/config/data_directory.h"
#include "agent/config/last_good_codec.h"
#include "agent/handover/door.h"
#include "agent/handover/relaunch.h"
#include "agent/loop/control_loop.h"
#include "agent/runtime/data_plane.h"
#include "common/base/service_manager.h"
#include "common/base/status.h"
#include "fmt/format.h"

namespace switchyard::agent {
namespace {
constexpr Duration kChildPoll = std::chrono::milliseconds(200);
}  // namespace

Succession::Succession(SuccessionParts parts) : parts_(std::move(parts)) {}

Succession::~Succession() { *alive_ = false; }

absl::Status Succession::Open(handover::Descriptor inherited, const std::string& path) {
  if (!inherited.valid()) {
    absl::StatusOr<handover::Descriptor> door = handover::OpenDoor(path);
    if (!door.ok()) return door.status();
    inherited = *std::move(door);
  }
  handover::IncumbentHooks hooks;
  hooks.asked = [this](const v1::HandoverHello& who, auto give) { Asked(who, std::move(give)); };
  hooks.abandoned = [this](const std::string& why) { Abandoned(why); };
  hooks.yield = [this](pid_t pid) { Yield(pid); };
  incumbent_ = handover::Incumbent::Start(parts_.loop->context(), std::move(inherited), std::move(hooks));
  return absl::OkStatus();
}

void Succession::Close() {
  if (incumbent_ != nullptr) incumbent_->Close();
}

void Succession::Tell(std::uint64_t open_connections, Duration ends_within) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ends_within).count();
  if (incumbent_ != nullptr) incumbent_->Tell(open_connections, static_cast<std::uint32_t>(seconds < 0 ? 0 : seconds));
}

void Succession::Asked(const v1::HandoverHello& who, std::function<void(absl::StatusOr<handover::Holdings>)> give) {
  if (parts_.ending()) return give(absl::FailedPreconditionError("it is ending; start the new agent once it is gone"));
  parts_.log->Info("handing over", {{"to", who.instance()}, {"version", who.version()}});
  parts_.client->Pause([this, give = std::move(give)] {
    parts_.data_plane->CopySockets([this, give, alive = alive_, loop = parts_.loop](std::map<std::string, std::vector<int>> sockets) {
      loop->Post([this, give, alive, sockets = std::move(sockets)] {
        if (*alive) return give(Gather(sockets));
        for (const auto& [address, fds] : sockets) {
          for (const int fd : fds) const handover::Descriptor closed{fd};
        }
      });
    });
  });
}

absl::StatusOr<handover::Holdings> Succession::Gather(std::map<std::string, std::vector<int>> sockets) {
  handover::Holdings holdings;
  for (const auto& [address, fds] : sockets) {
    for (const int fd : fds) holdings.sockets[address].emplace_back(fd);
  }
  const v1::Snapshot& serving = parts_.client->serving();
  holdings.facts.set_instance(parts_.instance);
  holdings.facts.set_version(SWITCHYARD_VERSION);
  holdings.facts.set_generation(serving.generation());
  holdings.facts.set_admin_address(parts_.admin_address);
  for (const std::string& key : parts_.ticket_keys()) holdings.facts.add_ticket_keys(key);
  if (serving.generation() > 0) {
    absl::StatusOr<std::string> bytes = config::EncodeLastGood(serving);
    if (!bytes.ok()) return bytes.status();
    holdings.snapshot = *std::move(bytes);
  }
  holdings.directory_lock = handover::Descriptor(parts_.directory->CopyLock());
  holdings.admin_socket = parts_.copy_admin_socket();
  return holdings;
}

void Succession::Abandoned(const std::string& why) {
  parts_.log->Warn("hand-over ended early; serving on", {{"error", why}});
  parts_.client->Resume();
  parts_.failed();
}

void Succession::Yield(pid_t pid) {
  yielded_ = true;
  child_timer_.reset();
  parts_.log->Info("handed over", {{"pid", pid}});
  NotifyServiceManager(fmt::format("MAINPID={}\nREADY=1\nSTATUS=handed over to a new process", pid));
  parts_.let_go();
}

void Succession::Relaunch() {
  if (parts_.ending() || child_ != 0) return;
  if (incumbent_ == nullptr) {
    parts_.log->Error("no upgrade: the hand-over socket is off");
    return;
  }
  const absl::StatusOr<pid_t> child = handover::StartSuccessor(parts_.program, parts_.command_line);
  if (!child.ok()) {
    parts_.log->Error("no upgrade", {{"error", Message(child.status())}});
    return;
  }
  child_ = *child;
  parts_.log->Info("started a new process to take over", {{"program", parts_.program}, {"pid", child_}});
  WatchChild();
}

void Succession::WatchChild() {
  child_timer_ = parts_.loop->After(kChildPoll, [this] {
    std::string how;
    if (!handover::HasEnded(child_, how)) return WatchChild();
    parts_.log->Error("the new process ended before it took over; serving on", {{"pid", child_}, {"how", how}});
    child_ = 0;
  });
}

}  // namespace switchyard::agent
