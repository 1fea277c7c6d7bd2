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
constexpr std::uint64_t kMostUnsynced = 100;

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
  if ((synced_ == written_ || alone) && Read(last_).ok()) KeepPrevious(last_, previous_);
  if (absl::Status written = WriteFileAtomically(last_, *bytes, 0600, Durability::kLater); !written.ok()) return written;
  ++written_;
  return absl::OkStatus();
}

// A write may replace the file between the look at the count and the sync: then more is on the disk than is claimed.
absl::Status LastGoodFile::Sync() {
  const std::uint64_t written = written_;
  if (synced_ == written) return absl::OkStatus();
  const absl::Status synced = SyncFile(last_);
  if (absl::IsNotFound(synced)) return absl::OkStatus();
  if (synced.ok()) synced_ = written;
  return synced;
}

absl::Status LastGoodFile::Store(const v1::Snapshot& snapshot) {
  if (absl::Status written = Write(snapshot); !written.ok()) return written;
  return Sync();
}

LastGoodWriter::LastGoodWriter(const std::string& directory, std::function<void(absl::Status)> sync_failed)
    : file_(directory),
      sync_failed_(std::move(sync_failed)),
      writes_(kMostUnsynced),
      writer_([this] { WriteJobs(); }),
      syncer_([this] { SyncWrites(); }) {}

LastGoodWriter::~LastGoodWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  job_came_.notify_one();
  writer_.join();
  {
    const std::lock_guard lock(mutex_);
    no_more_writes_ = true;
  }
  job_written_.notify_one();
  syncer_.join();
  if (waiting_.has_value()) waiting_->second(absl::CancelledError("the agent stops"));
}

void LastGoodWriter::Store(v1::Snapshot snapshot, std::function<void(absl::Status)> done) {
  std::optional<Job> replaced;
  {
    const std::lock_guard lock(mutex_);
    replaced = std::exchange(waiting_, Job(std::move(snapshot), std::move(done)));
  }
  job_came_.notify_one();
  if (replaced.has_value()) replaced->second(absl::AbortedError("a newer configuration came before this one was written"));
}

std::optional<LastGoodWriter::Job> LastGoodWriter::Next() {
  std::unique_lock lock(mutex_);
  job_came_.wait(lock, [this] { return stop_ || waiting_.has_value(); });
  if (stop_) return std::nullopt;
  return std::exchange(waiting_, std::nullopt);
}

void LastGoodWriter::WriteJobs() {
  while (std::optional<Job> job = Next()) {
    const absl::Status written = file_.Write(job->first);
    {
      const std::lock_guard lock(mutex_);
      ++writes_;
    }
    job_written_.notify_one();
    job->second(written);
  }
}

// Syncs when it has been quiet for a while, and after so many writes without quiet. The file that was there at the start is synced first: it
// may be of a process that was killed before it could. A sync that fails is tried again with the next write.
void LastGoodWriter::SyncWrites() {
  std::uint64_t synced = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    job_written_.wait(lock, [&] { return no_more_writes_ || writes_ != synced; });
    if (writes_ == synced) return;
    bool quiet = no_more_writes_;
    while (!quiet && writes_ - synced < kMostUnsynced) {
      const std::uint64_t seen = writes_;
      quiet = !job_written_.wait_for(lock, kQuiet, [&] { return no_more_writes_ || writes_ != seen; }) || no_more_writes_;
    }
    synced = writes_;
    lock.unlock();
    if (absl::Status status = file_.Sync(); !status.ok() && sync_failed_) sync_failed_(std::move(status));
    lock.lock();
  }
}

}  // namespace switchyard::agent::config
