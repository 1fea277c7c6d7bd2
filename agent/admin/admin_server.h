// AdminServer: the agent's own HTTP port, for the operator of this host.
//
// Loopback unless told otherwise: Open refuses any other address unless `allow_remote` is set, because the pages tell the configuration to
// whoever asks. One request per connection, then it is closed.
//
// Thread-safety: control loop thread only. Bounds: 32 connections (more wait in the kernel's backlog until one ends), 8 KiB of request head,
// no body, 5 s to send the request and 30 s to take the answer.
// Errors: Open: INVALID_ARGUMENT for the address, UNAVAILABLE when it cannot be bound (which, and why). Broken requests get 400 or a close.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/admin/agent_view.h"
#include "common/observe/metrics.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::admin {

struct AdminServerOptions {
  // IP:port; port 0 takes any free one.
  std::string listen = "127.0.0.1:7401";
  bool allow_remote = false;
  // A socket that listens there already (of the process before); owned from here on. -1: none.
  int inherited = -1;
};

class AdminServer {
 public:
  // All must outlive the server.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Open(boost::asio::io_context& context, const AdminServerOptions& options,
                                                           AgentView& view, observe::Metrics& metrics);
  // Closes the port and every connection.
  virtual ~AdminServer() = default;
  // As bound.
  virtual std::uint16_t port() const = 0;
  // A copy of the listening socket, owned by the caller; -1: none can be had.
  virtual int CopySocket() = 0;
};

}  // namespace switchyard::agent::admin
