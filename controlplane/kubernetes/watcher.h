// Watcher: the thread that asks the API server, and keeps FoundBackends (found_backends.h) up to date.
//
// One list and watch per namespace that some upstream names (namespace_watch.h); nothing else is asked for. Lists are kept in a file, so that a controller
// that starts while the API server is away goes on with them: written at most once in kSaveGap, and once more at the end.
//
// Thread-safety: every method from any thread. Threads: one. Bounds: kMaxNamespaces watches; upstreams of further namespaces (in order of name) find
// nothing and say so. Errors: in FoundBackends::Watching, and one line of the log for each beginning and end of a trouble.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/observe/log.h"
#include "controlplane/kubernetes/api_server.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/kubernetes/http_client.h"

namespace switchyard::controlplane::kubernetes {

struct WatcherParts {
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  FoundBackends* found = nullptr;
  std::unique_ptr<HttpClient> client;
  // Empty: nothing is kept.
  std::string lists_file;
  std::uint64_t seed = 0;
};

class Watcher {
 public:
  static constexpr std::size_t kMaxNamespaces = 100;
  static constexpr Duration kSaveGap = std::chrono::seconds(5);
  static constexpr std::size_t kMaxListsFile = std::size_t{256} << 20;

  // Restores the lists of the file, then starts. No server: finds nothing, and keeps what is kept. Parts outlive it.
  Watcher(std::optional<ApiServer> server, WatcherParts parts);
  // As Stop.
  ~Watcher();

  // The upstreams to look up are those of this catalog.
  void Want(const store::Catalog& catalog);
  void Stop();

 private:
  class Job;
  struct Wanted {
    std::string upstream;
    v1::KubernetesDiscovery terms;
  };
  using WantedByNamespace = std::map<std::string, std::vector<Wanted>>;

  void Run();
  void Turn();
  void TakeWanted();
  void Restore();
  void Save(bool now);
  void Tell(const std::string& place, Job& job);
  void Report();

  const std::optional<ApiServer> server_;
  WatcherParts parts_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::optional<WantedByNamespace> next_wanted_;

  // The thread's own.
  WatchStatus status_;
  WantedByNamespace wanted_;
  std::map<std::string, std::unique_ptr<Job>> jobs_;
  std::uint64_t saved_version_ = 0;
  TimePoint saved_at_{};
  std::thread thread_;
};

}  // namespace switchyard::controlplane::kubernetes
