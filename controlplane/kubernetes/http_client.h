// HttpClient: requests to an API server that last: answers are handed over as they come.
//
// HTTP/1.1, one connection per request under way, kept for the next: with HTTP/2 a connection that has died in silence would take all watches with it,
// and each that follows. Certificates are verified. No redirects, no proxy: the token goes to the server that was named, or nowhere.
// Thread-safety: one thread, but for Wake. Handlers are called within Poll. Bounds: by the caller, who decides how many requests there are.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace switchyard::controlplane::kubernetes {

struct HttpRequest {
  std::string url;
  // Empty: no Authorization.
  std::string token;
  // Empty: the system's.
  std::string ca_file;
  // From the start to the end of the answer's head; a connection takes at most half of it.
  Duration head_within = std::chrono::seconds(10);
  // And to the end of all.
  Duration within{};
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void OnHead(int status) = 0;
  // Not OK: ends the request with this.
  virtual absl::Status OnBytes(std::string_view bytes) = 0;
  // The last call. Not OK: no whole answer came.
  virtual void OnEnd(const absl::Status& status) = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // One request per handler at a time. `handler` stays until OnEnd or Cancel.
  virtual void Start(const HttpRequest& request, HttpHandler* handler) = 0;
  // OnEnd is not called any more.
  virtual void Cancel(HttpHandler* handler) = 0;
  // Carries requests on, and returns when something came, after `most`, or after Wake.
  virtual void Poll(Duration most) = 0;
  virtual void Wake() = 0;
};

// By libcurl. `clock` outlives it.
absl::StatusOr<std::unique_ptr<HttpClient>> MakeCurlClient(const Clock& clock);

}  // namespace switchyard::controlplane::kubernetes
