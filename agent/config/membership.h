// Membership: whether this agent may speak to its controller, and how it comes to: by the identity on disk, or by a join token.
//
// Load looks at the data directory. A usable identity needs no token. None, or an expired one, and a token: Begin enrols, on a thread of its
// own because it waits for the network, again and again with backoff while that may help. None and no token, or a token that is refused:
// there is an error that says what to do, and the agent serves what it has (see `error`).
// A token of another controller (its CA pin is not that of the identity's CA) means that the agent moves: it enrols there although its
// certificate is still valid. If that token is refused for good, the certificate at hand is used: the token may be an old one.
// Once a member it renews in time (certificate_renewer.h).
//
// Thread-safety: loop thread only. The destructor waits for an enrolment under way (bounded by its timeouts).
// Bounds: one enrolment under way. Errors: as text in `error()`, and in the log once each.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "agent/config/certificate_renewer.h"
#include "agent/config/enrolment.h"
#include "agent/config/identity_files.h"
#include "agent/config/join_token.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/observe/log.h"
#include "common/observe/metrics.h"
#include "common/rpc/backoff.h"

namespace switchyard::agent::config {

struct MembershipOptions {
  std::string controller;
  std::string directory;
  // Empty: that of the identity on disk, else that of the host.
  std::string node;
  std::optional<JoinToken> token;
  std::uint64_t seed = 0;
};

// What it leans on. All must outlive it.
struct MembershipParts {
  Loop* loop = nullptr;
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  observe::Metrics* metrics = nullptr;
  // ControllerClient::Renew.
  std::function<void(const v1::RenewRequest&, std::function<void(absl::StatusOr<v1::RenewResponse>)>)> renew;
  // Told of the identity at first and after each renewal.
  std::function<void(const Identity&)> member;
  // Told when it cannot become a member without somebody's help. The reason is in `error`.
  std::function<void()> stranded;
  // Enrol, replaceable for tests.
  std::function<absl::StatusOr<Identity>(const EnrolmentRequest&)> enrol = Enrol;
};

class Membership {
 public:
  // INVALID_ARGUMENT when `options.node` contradicts the identity on disk and there is no token, or is no valid name.
  static absl::StatusOr<std::unique_ptr<Membership>> Load(MembershipOptions options, MembershipParts parts);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // The name in the fleet.
  const std::string& node() const { return options_.node; }
  // Calls `member` or `stranded`, now or later.
  void Begin();
  // Enrols and renews no more; another process does from now on.
  void Stop();
  // What stands in the way; empty when nothing does.
  const std::string& error() const { return error_; }
  // Of the identity in use, expired or not.
  std::optional<WallTime> not_after() const;

 private:
  Membership(MembershipOptions options, MembershipParts parts, std::optional<Identity> identity, std::string error);

  bool HasValidIdentity() const;
  void Admit(Identity identity, WallTime got);
  void Strand(std::string why);
  void TryEnrol();
  void Enrolled(absl::StatusOr<Identity> identity);

  const MembershipOptions options_;
  const MembershipParts parts_;
  std::optional<Identity> identity_;
  std::string error_;
  rpc::Backoff backoff_;
  std::unique_ptr<CertificateRenewer> renewer_;
  std::unique_ptr<Loop::Timer> timer_;
  std::thread thread_;
  std::shared_ptr<bool> alive_;
};

// The host's name as a node name: lower case, other characters become `-`; `agent` when nothing is left.
std::string NodeNameOf(std::string_view host);

}  // namespace switchyard::agent::config
