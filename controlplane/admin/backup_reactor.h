// BackupReactor: the gRPC side of FleetService.Backup and .Restore: files go through in pieces of 1 MiB, and lie on the disk meanwhile, without a name.
//
// Thread-safety: as gRPC's reactors. The disk is touched on `calls`, never on gRPC's threads. Bounds: one backup and one restore at a time, 4 GiB
// each; beyond: RESOURCE_EXHAUSTED.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "controlplane/backup/backup.h"
#include "controlplane/runtime/work_queue.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

// What both need. All must outlive the reactors.
struct BackupService {
  const backup::BackupParts* parts = nullptr;
  runtime::WorkQueue* calls = nullptr;
  std::atomic<bool> busy{false};
};

grpc::ServerWriteReactor<v1::BackupChunk>* StartBackup(BackupService& service);

// `restore` runs on `calls` with the whole file and the first chunk's words; its answer is the response.
using Restore = std::function<void(std::shared_ptr<backup::TemporaryFile> file, const v1::RestoreChunk& words,
                                   std::function<void(grpc::Status, v1::RestoreResponse)> done)>;
grpc::ServerReadReactor<v1::RestoreChunk>* StartRestore(BackupService& service, v1::RestoreResponse* response, Restore restore);

}  // namespace switchyard::controlplane::admin
