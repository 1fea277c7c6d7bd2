#include "controlplane/admin/backup_reactor.h"

#include <mutex>
#include <utility>

#include "common/rpc/grpc_status.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 30;
const char kBusy[] = "a backup or restore is under way already; try again when it is done";

grpc::Status Busy() { return {grpc::StatusCode::RESOURCE_EXHAUSTED, kBusy}; }

// Gives the place back when the last who works on it is gone.
class Turn {
 public:
  explicit Turn(BackupService& service) : service_(service) {}
  ~Turn() { service_.busy = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  BackupService& service_;
};

// gRPC owns the reactor until OnDone; queued work shares this, which forgets the reactor there.
struct BackupStream {
  std::mutex mutex;
  grpc::ServerWriteReactor<v1::BackupChunk>* reactor = nullptr;
  std::shared_ptr<Turn> turn;
  std::unique_ptr<backup::TemporaryFile> file;
  std::uint64_t sent = 0;
  v1::BackupChunk chunk;

  // REQUIRES: mutex is held. The place is free before the caller hears of the end: its next call may follow at once.
  void End(const grpc::Status& status) {
    turn.reset();
    if (reactor != nullptr) reactor->Finish(status);
  }
};

void Pump(BackupService& service, const std::shared_ptr<BackupStream>& stream) {
  if (stream->file == nullptr) {
    auto made = backup::MakeBackup(*service.parts);
    if (!made.ok()) {
      const std::lock_guard lock(stream->mutex);
      stream->End(rpc::ToGrpc(made.status()));
      return;
    }
    stream->file = *std::move(made);
  }
  auto bytes = stream->file->Read(stream->sent);
  const std::lock_guard lock(stream->mutex);
  if (stream->reactor == nullptr) return;
  if (!bytes.ok() || bytes->empty()) return stream->End(rpc::ToGrpc(bytes.status()));
  stream->sent += bytes->size();
  stream->chunk.set_data(*std::move(bytes));
  stream->reactor->StartWrite(&stream->chunk);
}

class BackupReactor final : public grpc::ServerWriteReactor<v1::BackupChunk> {
 public:
  explicit BackupReactor(BackupService& service) : service_(service) {
    if (service.busy.exchange(true)) {
      Finish(Busy());
      return;
    }
    stream_ = std::make_shared<BackupStream>();
    stream_->reactor = this;
    stream_->turn = std::make_shared<Turn>(service);
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (ok) return Next();
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    if (stream_ != nullptr) {
      const std::lock_guard lock(stream_->mutex);
      stream_->reactor = nullptr;
    }
    delete this;
  }

 private:
  void Next() {
    if (!service_.calls->Post([&service = service_, stream = stream_] { Pump(service, stream); })) Finish(Busy());
  }

  BackupService& service_;
  std::shared_ptr<BackupStream> stream_;
};

struct RestoreStream {
  std::mutex mutex;
  grpc::ServerReadReactor<v1::RestoreChunk>* reactor = nullptr;
  v1::RestoreResponse* response = nullptr;
  std::shared_ptr<Turn> turn;
  std::shared_ptr<backup::TemporaryFile> file;
  std::uint64_t received = 0;
  v1::RestoreChunk words;  // of the first chunk
  v1::RestoreChunk chunk;

  void Finish(const grpc::Status& status, v1::RestoreResponse answer) {
    const std::lock_guard lock(mutex);
    // As in BackupStream::End.
    turn.reset();
    if (reactor == nullptr) return;
    *response = std::move(answer);
    std::exchange(reactor, nullptr)->Finish(status);
  }
};

absl::Status Keep(const BackupService& service, RestoreStream& stream) {
  if (stream.file == nullptr) {
    auto made = backup::TemporaryFile::Make(service.parts->data_dir);
    if (!made.ok()) return made.status();
    stream.file = *std::move(made);
    stream.words.set_dry_run(stream.chunk.dry_run());
    stream.words.set_author(stream.chunk.author());
    stream.words.set_reason(stream.chunk.reason());
  }
  stream.received += stream.chunk.data().size();
  if (stream.received > kMostBytes) return absl::ResourceExhaustedError("the backup file is larger than 4 GiB");
  return stream.file->Append(stream.chunk.data());
}

class RestoreReactor final : public grpc::ServerReadReactor<v1::RestoreChunk> {
 public:
  RestoreReactor(BackupService& service, v1::RestoreResponse* response, Restore restore) : service_(service), restore_(std::move(restore)) {
    if (service.busy.exchange(true)) {
      Finish(Busy());
      return;
    }
    stream_ = std::make_shared<RestoreStream>();
    stream_->reactor = this;
    stream_->response = response;
    stream_->turn = std::make_shared<Turn>(service);
    StartRead(&stream_->chunk);
  }
  void OnReadDone(bool ok) override {
    const bool posted = service_.calls->Post([&service = service_, stream = stream_, restore = restore_, ok] {
      if (!ok) {
        if (stream->file == nullptr) return stream->Finish({grpc::StatusCode::INVALID_ARGUMENT, "no backup was sent"}, {});
        return restore(stream->file, stream->words,
                       [stream](const grpc::Status& status, v1::RestoreResponse answer) { stream->Finish(status, std::move(answer)); });
      }
      const absl::Status kept = Keep(service, *stream);
      if (!kept.ok()) return stream->Finish(rpc::ToGrpc(kept), {});
      const std::lock_guard lock(stream->mutex);
      if (stream->reactor != nullptr) stream->reactor->StartRead(&stream->chunk);
    });
    if (!posted) stream_->Finish(Busy(), {});
  }
  void OnDone() override {
    if (stream_ != nullptr) {
      const std::lock_guard lock(stream_->mutex);
      stream_->reactor = nullptr;
    }
    delete this;
  }

 private:
  BackupService& service_;
  const Restore restore_;
  std::shared_ptr<RestoreStream> stream_;
};

}  // namespace

grpc::ServerWriteReactor<v1::BackupChunk>* StartBackup(BackupService& service) { return new BackupReactor(service); }

grpc::ServerReadReactor<v1::RestoreChunk>* StartRestore(BackupService& service, v1::RestoreResponse* response, Restore restore) {
  return new RestoreReactor(service, response, std::move(restore));
}

}  // namespace switchyard::controlplane::admin
