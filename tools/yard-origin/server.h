// Server: the scripted backends of one process.
//
// Every worker thread has its own event loop and its own accepting socket per backend (SO_REUSEPORT when there are several workers).
// Thread-safety: Start, Stop and the accessors from one thread. Bounds: `max_connections` per worker; further ones are closed at once.
// Errors: Start returns UNAVAILABLE that names the address which could not be opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/endpoint.h"
#include "tools/yard-origin/behaviour.h"

namespace switchyard::tools::origin {

struct ServerOptions {
  struct Listen {
    std::string name;   // sent as `x-origin`
    Endpoint address;   // port 0: the kernel picks one
  };
  std::vector<Listen> listens;
  unsigned threads = 1;          // 1-64
  std::size_t log_size = 256;    // requests remembered per backend and worker; 0: none
  bool raw_log = false;          // remember every byte received
  std::size_t max_connections = 20000;
  std::uint64_t seed = 1;
  Behaviour behaviour;           // of every backend at the start
};

class Server {
 public:
  virtual ~Server() = default;
  // Serves when it returns.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  // As bound, in the order of `listens`.
  virtual const std::vector<ServerOptions::Listen>& listens() const = 0;
  // Cuts every connection and joins the threads. Idempotent; the destructor calls it.
  virtual void Stop() = 0;
};

}  // namespace switchyard::tools::origin
