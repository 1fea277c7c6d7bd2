// Pages: what the dashboard answers to a request: its files, and below /api/ what they ask for. Everything but the files and logging in needs
// a session; the role decides the rest.
//
// Against forged requests: the cookie is `__Host-`, HttpOnly, Secure and SameSite=Strict; every POST needs the session's CSRF token in
// `X-CSRF-Token`, and an Origin (where the browser sends one) that is this host. Logging in needs no token, but the same Origin.
// Thread-safety: every method from any thread; `reply` may be called before Handle returns, or from a queue's thread.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controlplane/dashboard/exchange.h"
#include "controlplane/dashboard/login.h"
#include "controlplane/dashboard/parts.h"
#include "controlplane/dashboard/reads.h"
#include "controlplane/dashboard/sessions.h"
#include "controlplane/dashboard/writes.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::string_view kCookieName = "__Host-switchyard";
inline constexpr std::size_t kMaxLiveTargets = 8;

class Pages {
 public:
  explicit Pages(Parts parts);

  void Handle(const Request& request, Reply reply);
  // What a page on /api/live wants: at most kMaxLiveTargets fields `t`, each a path of Reads for viewers with its query.
  absl::StatusOr<LiveRequest> Live(const Request& request);
  // Whether there is a session behind a request.
  bool Knows(const Request& request);
  // Whether the session behind a live page still is one.
  bool Holds(const LiveRequest& live) { return sessions_.Find(live.cookie).has_value(); }
  // The text of a live target; null: it cannot be had now. `done` is called from a queue's thread, or at once when the queue is full.
  void ReadTarget(const std::string& target, std::function<void(Reads::Body)> done);

  Sessions& sessions() { return sessions_; }

 private:
  Response File(const Request& request) const;
  void Get(const Request& request, const Session& session, Reply reply);
  void Post(const Request& request, const Session& session, Reply reply);
  Response BeginSession(const Request& request);
  Response Me(const Session& session) const;

  const Parts parts_;
  Sessions& sessions_;
  Login login_;
  Reads reads_;
  Writes writes_;
};

}  // namespace switchyard::controlplane::dashboard
