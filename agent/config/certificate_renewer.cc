#include "agent/config/certificate_renewer.h"

#include <algorithm>
#include <utility>

#include "common/base/duration.h"
#include "common/base/status.h"
#include "common/observe/metric_names.h"
#include "common/tls/certificate_request.h"
#include "common/tls/key_pair.h"

namespace switchyard::agent::config {
namespace {

// So that a certificate which ends at once is not asked for without pause.
constexpr Duration kLeastLife = std::chrono::milliseconds(1500);
constexpr Duration kLongestNap = std::chrono::minutes(1);
// Longer than the call's own deadline: when the stream went meanwhile, no answer comes at all.
constexpr Duration kAnswerTimeout = std::chrono::seconds(20);
constexpr rpc::BackoffOptions kRetry{.initial = std::chrono::seconds(1), .max = std::chrono::minutes(10), .multiplier = 2.0};

}  // namespace

WallTime RenewAt(WallTime got, WallTime not_after, double chance) {
  const Duration life = std::max<Duration>(not_after - got, kLeastLife);
  const auto jitter = Duration(static_cast<Duration::rep>(static_cast<double>(life.count()) * 0.05 * chance));
  return got + life / 3 * 2 + jitter;
}

CertificateRenewer::CertificateRenewer(CertificateRenewerParts parts, Identity identity, WallTime got)
    : parts_(std::move(parts)),
      random_(parts_.seed),
      backoff_(kRetry, parts_.seed + 1),
      identity_(std::move(identity)),
      alive_(std::make_shared<bool>(true)) {
  Plan(RenewAt(got, identity_.not_after, random_.Unit()));
}

CertificateRenewer::~CertificateRenewer() { *alive_ = false; }

void CertificateRenewer::Plan(WallTime due) {
  due_ = due;
  const Duration wait = std::clamp<Duration>(due_ - parts_.clock->WallNow(), Duration::zero(), kLongestNap);
  timer_ = parts_.loop->After(wait, [this] { Wake(); });
}

void CertificateRenewer::Wake() {
  const WallTime now = parts_.clock->WallNow();
  if (now < due_) return Plan(due_);
  if (now >= identity_.not_after && !std::exchange(told_expired_, true)) {
    parts_.log->Error("certificate expired: the agent serves on but is cut off; start it with a new join token (yardctl token create)");
  }
  Ask();
}

void CertificateRenewer::Ask() {
  const absl::StatusOr<switchyard::tls::KeyPair> key = switchyard::tls::KeyPair::FromPem(identity_.key_pem);
  if (!key.ok()) return Retry(key.status());
  absl::StatusOr<std::string> csr = switchyard::tls::MakeCertificateRequest(*key, identity_.node);
  if (!csr.ok()) return Retry(csr.status());
  v1::RenewRequest request;
  request.set_csr_pem(*std::move(csr));
  const std::uint64_t question = ++asked_;
  timer_ = parts_.loop->After(kAnswerTimeout, [this] { Retry(absl::DeadlineExceededError("no answer")); });
  parts_.renew(request, [this, question, alive = alive_](const absl::StatusOr<v1::RenewResponse>& response) {
    if (*alive && question == asked_) Answered(response);
  });
}

void CertificateRenewer::Answered(const absl::StatusOr<v1::RenewResponse>& response) {
  const absl::Status taken = response.ok() ? Take(*response) : response.status();
  if (!taken.ok()) return Retry(taken);
  backoff_.Reset();
  told_expired_ = false;
  parts_.metrics->Add(observe::kCertificateRenewals, {"ok"});
  const WallTime now = parts_.clock->WallNow();
  parts_.log->Info("certificate renewed", {{"valid_for", FormatDurationRounded(identity_.not_after - now)}});
  parts_.renewed(identity_);
  Plan(RenewAt(now, identity_.not_after, random_.Unit()));
}

absl::Status CertificateRenewer::Take(const v1::RenewResponse& response) {
  const std::string& ca = response.ca_pem().empty() ? identity_.ca_pem : response.ca_pem();
  absl::StatusOr<Identity> next = MakeIdentity(identity_.key_pem, response.certificate_pem(), ca);
  if (!next.ok()) return next.status();
  if (next->node != identity_.node) return absl::InvalidArgumentError("the new certificate is for node " + next->node);
  if (absl::Status saved = SaveIdentity(parts_.directory, *next); !saved.ok()) return saved;
  identity_ = *std::move(next);
  return absl::OkStatus();
}

void CertificateRenewer::Retry(const absl::Status& why) {
  ++asked_;
  parts_.metrics->Add(observe::kCertificateRenewals, {"failed"});
  // Without a stream there is nothing to ask; that has its own log line.
  if (!absl::IsUnavailable(why)) parts_.log->Warn("certificate not renewed", {{"error", Message(why)}});
  const Duration wait = backoff_.Next();
  timer_ = parts_.loop->After(wait, [this] { Wake(); });
}

}  // namespace switchyard::agent::config
