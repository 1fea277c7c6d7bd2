// Sessions: who is logged in to the dashboard.
//
// A session begins with a proven credential and has its role. It ends after `idle` without use, after `longest` in any case, when the credential
// ends or is revoked, by logging out, and with the controller's process: sessions are in memory only. The cookie and the CSRF token are 256
// random bits each; of the cookie only its SHA-256 is kept.
// Codes are one-time secrets that live kCodeLife: challenges to be signed, and logins made ahead by `yardctl dashboard`.
// Thread-safety: every method from any thread. Cost: O(log n). Bounds: kMaxSessions and kMaxCodes; beyond, the one unused for longest goes.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "controlplane/identity/credentials.h"
#include "controlplane/identity/peer_identity.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxSessions = 256;
inline constexpr std::size_t kMaxCodes = 256;
inline constexpr Duration kCodeLife = std::chrono::minutes(5);

// How long a session lasts. Between kShortestSession and kLongestSession, the idle time not longer than the whole; the options see to it.
struct SessionLimits {
  Duration idle = std::chrono::minutes(30);
  Duration longest = std::chrono::hours(12);
};
inline constexpr Duration kShortestSession = std::chrono::seconds(1);
inline constexpr Duration kLongestSession = std::chrono::hours(24 * 7);

struct Session {
  identity::PeerIdentity who;
  std::string csrf;
  WallTime ends;
};

class Sessions {
 public:
  // Both outlive it.
  Sessions(const Clock& clock, const identity::Credentials& credentials, SessionLimits limits = {})
      : clock_(clock), credentials_(credentials), limits_(limits) {}

  struct Begun {
    std::string cookie;
    Session session;
  };
  Begun Begin(const identity::PeerIdentity& who);
  // Counts as use.
  std::optional<Session> Find(std::string_view cookie);
  void End(std::string_view cookie);
  // Those that have not ended. O(sessions).
  std::size_t size() const;
  const SessionLimits& limits() const { return limits_; }

  // A code with (or, for challenges, without) somebody behind it.
  std::string MakeCode(std::optional<identity::PeerIdentity> who);
  // Whether the code is known; it is not any more afterwards. `who` is as it was made.
  bool TakeCode(std::string_view code, std::optional<identity::PeerIdentity>& who);

 private:
  struct Held {
    Session session;
    TimePoint begun;
    TimePoint used;
  };
  struct Code {
    std::optional<identity::PeerIdentity> who;
    TimePoint made;
  };
  bool Over(const Held& held) const;

  const Clock& clock_;
  const identity::Credentials& credentials_;
  const SessionLimits limits_;
  mutable std::mutex mutex_;
  // By SHA-256 of the cookie; codes likewise.
  std::map<std::string, Held> sessions_;
  std::map<std::string, Code> codes_;
};

}  // namespace switchyard::controlplane::dashboard
