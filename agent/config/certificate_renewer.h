// CertificateRenewer: gets the agent a new certificate in good time, while the stream stays up.
//
// When: at 2/3 of the certificate's life from the moment it was got (not from its not_before, which lies a little in the past to allow for
// clocks that differ), never within a second of getting it, plus up to 5 % of its life by chance so that agents which joined
// together do not renew together. After a failure: again with backoff (1 s to 10 min, full jitter), for as long as it takes.
// How: Renew is called beside the stream on its connection; the answer is checked against the key and written to the data directory; the next
// connection shows it. Civil time may jump, so the wait is cut into pieces of at most a minute.
//
// Thread-safety: loop thread only. The small file write is done on the loop (three fsyncs, once in many hours).
// Errors: logged and counted; an expired certificate is said once and needs a new join token.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/config/identity_files.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/base/random.h"
#include "common/observe/log.h"
#include "common/observe/metrics.h"
#include "common/rpc/backoff.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::agent::config {

// What the renewer leans on. All must outlive it.
struct CertificateRenewerParts {
  Loop* loop = nullptr;
  const Clock* clock = nullptr;
  observe::Log* log = nullptr;
  observe::Metrics* metrics = nullptr;
  // ControllerClient::Renew.
  std::function<void(const v1::RenewRequest&, std::function<void(absl::StatusOr<v1::RenewResponse>)>)> renew;
  // Told of the new identity, once it is on disk.
  std::function<void(const Identity&)> renewed;
  std::string directory;
  std::uint64_t seed = 0;
};

// When to ask: pure. `got`: when the certificate was got. `chance` in [0, 1).
WallTime RenewAt(WallTime got, WallTime not_after, double chance);

class CertificateRenewer {
 public:
  // `got`: when the certificate was got; its not_before if that is not known.
  CertificateRenewer(CertificateRenewerParts parts, Identity identity, WallTime got);
  ~CertificateRenewer();
  CertificateRenewer(const CertificateRenewer&) = delete;
  CertificateRenewer& operator=(const CertificateRenewer&) = delete;

  WallTime due() const { return due_; }

 private:
  void Plan(WallTime due);
  void Wake();
  void Ask();
  void Answered(const absl::StatusOr<v1::RenewResponse>& response);
  absl::Status Take(const v1::RenewResponse& response);
  void Retry(const absl::Status& why);

  const CertificateRenewerParts parts_;
  Random random_;
  rpc::Backoff backoff_;
  Identity identity_;
  WallTime due_{};
  // Counts questions, so that the answer to one that was given up is not taken for that to the next.
  std::uint64_t asked_ = 0;
  bool told_expired_ = false;
  std::unique_ptr<Loop::Timer> timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace switchyard::agent::config
