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

// A last file that cannot be read must not push a good previous one out.
absl::Status LastGoodFile::Store(const v1::Snapshot& snapshot) const {
  const absl::StatusOr<std::string> bytes = EncodeLastGood(snapshot);
  if (!bytes.ok()) return bytes.status();
  if (Read(last_).ok()) KeepPrevious(last_, previous_);
  return WriteFileAtomically(last_, *bytes, 0600);
}

LastGoodWriter::LastGoodWriter(LastGoodFile file) : file_(std::move(file)), thread_([this] { Run(); }) {}

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

void LastGoodWriter::Run() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || waiting_.has_value(); });
      if (stop_) return;
      job = *std::exchange(waiting_, std::nullopt);
    }
    job.second(file_.Store(job.first));
  }
}

}  // namespace switchyard::agent::config
