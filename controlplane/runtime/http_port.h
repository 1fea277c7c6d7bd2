// HttpPort: a plaintext HTTP port on loopback for the machine's own tools: /metrics, /live, /ready. Not an API.
//
// One thread, one connection at a time, GET only, closed after the answer. It tells nothing secret, and still answers nobody from another
// host unless told to: any address but loopback is refused at the start.
// Thread-safety: `pages` is called on the port's thread. Bounds: a request head of 8 KiB, 2 s per connection; more connections wait in the
// kernel's backlog of 16. Errors of Open: INVALID_ARGUMENT (not loopback), UNAVAILABLE (cannot bind: which address, why).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"

namespace switchyard::controlplane::runtime {

struct HttpPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpPort {
 public:
  // The page of a path; the caller answers unknown ones with status 404.
  using Pages = std::function<HttpPage(std::string_view path)>;

  // `clock` outlives the port. Port 0 takes any free one.
  static absl::StatusOr<std::unique_ptr<HttpPort>> Open(const Endpoint& address, const Clock* clock, Pages pages,
                                                        bool allow_remote = false);
  // Ends the thread; a connection under way is cut.
  virtual ~HttpPort() = default;
  virtual std::uint16_t port() const = 0;
};

// Whether a TCP socket can be bound to `address` right now; the reason when not, with a remedy naming `flag`.
absl::Status CheckBindable(const Endpoint& address, std::string_view flag);

}  // namespace switchyard::controlplane::runtime
