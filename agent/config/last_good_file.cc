#include "agent/config/last_good_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "agent/config/atomic_file.h"
#include "agent/config/last_good_codec.h"
#include "common/base/status.h"
#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

constexpr auto kQuiet = std::chrono::seconds(1);
constexpr int kMostUnsynced = 100;

absl::StatusOr<v1::Snapshot> Read(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadWholeFile(path, kLastGoodHeaderBytes + kLastGoodMaxPayload);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<v1::Snapshot> snapshot = DecodeLastGood(*bytes);
  if (!snapshot.ok()) return Annotate(snapshot.status(), path);
  return snapshot;
}

WallTime WrittenAt(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return WallTime(std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec));
}

// Gives the present last file its second name, without ever leaving `previous` missing.
void KeepPrevious(const std::string& last, const std::string& previous) {
  const std::string temporary = previous + ".new";
  ::unlink(temporary.c_str());
  if (::link(last.c_str(), temporary.c_str()) != 0) return;
  if (::rename(temporary.c_str(), previous.c_str()) != 0) ::unlink(temporary.c_str());
}

}  // namespace

LastGoodFile::LastGoodFile(const std::string& directory) : last_(directory + "/snapshot.last"), previous_(directory + "/snapshot.previous") {}

absl::StatusOr<LastGoodFile::Loaded> LastGoodFile::Load() const {
  absl::StatusOr<v1::Snapshot> last = Read(last_);
  if (last.ok()) return Loaded{*std::move(last), "", WrittenAt(last_)};
  absl::StatusOr<v1::Snapshot> previous = Read(previous_);
  if (previous.ok()) return Loaded{*std::move(previous), std::string(Message(last.status())), WrittenAt(previous_)};
  if (absl::IsNotFound(last.status()) && absl::IsNotFound(previous.status())) return absl::NotFoundError("no last-good configuration");
  return absl::DataLossError(fmt::format("{}; {}", Message(last.status()), Message(previous.status())));
}

// A last file that cannot be read, or might not survive a power cut, must not push a good previous one out.
absl::Status LastGoodFile::Write(const v1::Snapshot& snapshot) {
  const absl::StatusOr<std::string> bytes = EncodeLastGood(snapshot);
  if (!bytes.ok()) return bytes.status();
  const bool alone = absl::IsNotFound(Read(previous_).status());
  if ((synced_ || alone) && Read(last_).ok()) KeepPrevious(last_, previous_);
  if (absl::Status written = WriteFileAtomically(last_, *bytes, 0600, Durability::kLater); !written.ok()) return written;
  synced_ = false;
  return absl::OkStatus();
}

absl::Status LastGoodFile::Sync() {
  if (synced_) return absl::OkStatus();
  const absl::Status synced = SyncFile(last_);
  if (absl::IsNotFound(synced)) return absl::OkStatus();
  synced_ = synced.ok();
  return synced;
}

absl::Status LastGoodFile::Store(const v1::Snapshot& snapshot) {
  if (absl::Status written = Write(snapshot); !written.ok()) return written;
  return Sync();
}

LastGoodWriter::LastGoodWriter(LastGoodFile file, std::function<void(absl::Status)> sync_failed)
    : file_(std::move(file)), sync_failed_(std::move(sync_failed)), thread_([this] { Run(); }) {}

LastGoodWriter::~LastGoodWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (waiting_.has_value()) waiting_->second(absl::CancelledError("the agent stops"));
}

void LastGoodWriter::Store(v1::Snapshot snapshot, std::function<void(absl::Status)> done) {
  std::optional<Job> replaced;
  {
    const std::lock_guard lock(mutex_);
    replaced = std::exchange(waiting_, Job(std::move(snapshot), std::move(done)));
  }
  wake_.notify_one();
  if (replaced.has_value()) replaced->second(absl::AbortedError("a newer configuration came before this one was written"));
}

std::optional<LastGoodWriter::Job> LastGoodWriter::Next(bool unsynced) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stop_ || waiting_.has_value(); };
  if (unsynced) {
    wake_.wait_for(lock, kQuiet, something);
  } else {
    wake_.wait(lock, something);
  }
  if (stop_) return std::nullopt;
  return std::exchange(waiting_, std::nullopt);
}

void LastGoodWriter::Sync() {
  if (absl::Status synced = file_.Sync(); !synced.ok() && sync_failed_) sync_failed_(std::move(synced));
}

// Syncs when it has been quiet for a while, and after so many writes without quiet. The file that was there at the start is synced first: it
// may be of a process that was killed before it could. A sync that fails is tried again with the next write.
void LastGoodWriter::Run() {
  int unsynced = kMostUnsynced;
  while (true) {
    if (unsynced >= kMostUnsynced) {
      Sync();
      unsynced = 0;
    }
    std::optional<Job> job = Next(unsynced > 0);
    if (job.has_value()) {
      const absl::Status written = file_.Write(job->first);
      ++unsynced;
      job->second(written);
      continue;
    }
    if (unsynced > 0) Sync();
    unsynced = 0;
    const std::lock_guard lock(mutex_);
    if (stop_) return;
  }
}

}  // namespace switchyard::agent::config
