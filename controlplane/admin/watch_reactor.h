// WatchReactor: the gRPC side of FleetService.Watch.
//
// Ownership is that of stream/session_reactor.h: gRPC owns the reactor until OnDone; the reactor, the store's watch and queued work share a
// WatchStream, which forgets the reactor, under its lock, in OnDone.
//
//   commit ──Wake──▶ work queue ──Pump──▶ cursor.Next ──▶ StartWrite ──OnWriteDone──▶ Pump ...
//
// Bounds: one unwritten response per watcher; `WatchLimits` watchers at once, beyond: RESOURCE_EXHAUSTED.
// Thread-safety: as gRPC's reactors; `EndAll` from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "controlplane/runtime/work_queue.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::admin {

class WatchStream;

// All watchers of a controller.
class Watchers {
 public:
  // Both outlive this and every reactor.
  Watchers(store::Store* store, runtime::WorkQueue* work, std::size_t limit = 100);
  ~Watchers();

  grpc::ServerWriteReactor<v1::WatchResponse>* Start(const v1::WatchRequest& request);
  // Ends every watcher and takes no new one.
  void EndAll(const absl::Status& status);
  std::size_t size() const;

 private:
  friend class WatchStream;
  void Remove(const std::shared_ptr<WatchStream>& stream);

  store::Store* store_;
  runtime::WorkQueue* work_;
  const std::size_t limit_;
  mutable std::mutex mutex_;
  absl::Status closed_;
  std::set<std::shared_ptr<WatchStream>> streams_;
};

}  // namespace switchyard::controlplane::admin
