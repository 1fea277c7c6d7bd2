#include "controlplane/identity/gate.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/base/duration.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"
#include "controlplane/identity/credentials.h"
#include "switchyard/v1/agent.pb.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::size_t kMaxKnown = 4096;
constexpr std::size_t kMaxCertificatePem = 16 * 1024;
// gRPC's name for the client's certificate (GRPC_X509_PEM_CERT_PROPERTY_NAME).
constexpr char kPeerCertificate[] = "x509_pem_cert";
constexpr char kPath[] = ":path";

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

// Nothing when the peer showed no certificate.
std::optional<std::string_view> PeerPem(const grpc::AuthContext& context) {
  const auto values = context.FindPropertyValues(kPeerCertificate);
  if (values.empty() || values.front().empty()) return std::nullopt;
  return View(values.front());
}

absl::StatusOr<PeerIdentity> IdentityOf(const tls::Certificate& certificate) {
  auto spiffe = certificate.Spiffe();
  if (!spiffe.ok()) return spiffe.status();
  return PeerIdentity{spiffe->role, std::move(spiffe->name), certificate.not_after(), certificate.Fingerprint()};
}

// What a method asks of its caller.
struct Rule {
  // Open to everyone, certificate or not.
  bool open = false;
  // An agent's certificate, and no other.
  bool agents = false;
  // The least role of people and programs.
  tls::Role least = tls::Role::kAdmin;

  bool Admits(tls::Role role) const { return agents ? role == tls::Role::kAgent : tls::AccessLevel(role) >= tls::AccessLevel(least); }
  std::string ToText() const {
    if (agents) return "role agent";
    return fmt::format("role {}{}", tls::RoleName(least), least == tls::Role::kAdmin ? "" : " or above");
  }
};

// What less than an admin may call. A method that is not here needs an admin.
constexpr std::array<std::string_view, 14> kViewerMethods = {"Get",      "List",   "Watch", "History",        "Agents",  "Status", "Top", "Info",
                                                             "Overview", "Series", "Diff",  "DashboardLogin", "Explain", "Weights"};
constexpr std::array<std::string_view, 5> kOperatorMethods = {"Apply", "Delete", "Rollback", "SetOverride", "SetLogLevel"};

tls::Role LeastRole(std::string_view method) {
  if (std::find(kViewerMethods.begin(), kViewerMethods.end(), method) != kViewerMethods.end()) return tls::Role::kViewer;
  if (std::find(kOperatorMethods.begin(), kOperatorMethods.end(), method) != kOperatorMethods.end()) return tls::Role::kOperator;
  return tls::Role::kAdmin;
}

// From the services' own descriptors, so that a new method is never open by accident.
std::map<std::string, Rule, std::less<>> MakeRules() {
  std::map<std::string, Rule, std::less<>> rules;
  const auto add = [&](const google::protobuf::FileDescriptor& file, std::string_view service, bool agents) {
    const google::protobuf::ServiceDescriptor* const found = file.FindServiceByName(std::string(service));
    for (int i = 0; found != nullptr && i < found->method_count(); ++i) {
      const std::string& method = found->method(i)->name();
      rules.emplace(fmt::format("/{}/{}", found->full_name(), method), Rule{false, agents, LeastRole(method)});
    }
  };
  add(*v1::EnrollRequest::descriptor()->file(), "AgentService", true);
  add(*v1::ApplyRequest::descriptor()->file(), "FleetService", false);
  rules["/switchyard.v1.AgentService/Enroll"].open = true;
  return rules;
}

}  // namespace

// The decision, apart from gRPC's types.
class Gate::Judge {
 public:
  Judge(tls::Certificate ca, std::string trust_domain, const Clock& clock, RefusalCounters& refusals, const Credentials* credentials)
      : ca_(std::move(ca)), trust_domain_(std::move(trust_domain)), clock_(clock), refusals_(refusals), credentials_(credentials) {}

  grpc::Status Admit(std::string_view path, std::optional<std::string_view> pem) {
    const auto rule = rules_.find(path);
    if (rule == rules_.end()) return Refuse(Refusal::kUnknownMethod, grpc::StatusCode::PERMISSION_DENIED, "there is no such method here");
    if (rule->second.open) return grpc::Status::OK;
    if (!pem.has_value()) {
      return Unauthenticated(Refusal::kNoCertificate,
                             "this call needs a client certificate: an agent must enrol first, an admin needs a credential");
    }
    const Verdict verdict = VerdictOn(*pem);
    if (verdict.refusal.has_value()) return Unauthenticated(*verdict.refusal, verdict.reason);
    if (auto timely = CheckTime(verdict); !timely.ok()) return timely;
    if (!rule->second.Admits(verdict.role)) {
      return Refuse(Refusal::kWrongRole, grpc::StatusCode::PERMISSION_DENIED,
                    fmt::format("{} \"{}\" may not call this: it needs a certificate of {}", tls::RoleName(verdict.role), verdict.name,
                                rule->second.ToText()));
    }
    if (credentials_ == nullptr || !credentials_->Revoked(verdict.fingerprint)) return grpc::Status::OK;
    return Unauthenticated(Refusal::kRevoked, fmt::format("the credential of {} \"{}\" was revoked", tls::RoleName(verdict.role), verdict.name));
  }

 private:
  // What holds of a certificate at any time.
  struct Verdict {
    std::optional<Refusal> refusal;
    std::string reason;
    tls::Role role = tls::Role::kAgent;
    std::string name;
    WallTime not_before;
    WallTime not_after;
    std::string fingerprint;
  };

  Verdict VerdictOn(std::string_view pem) {
    const std::string key = tls::Sha256(pem);
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = known_.find(key); known != known_.end()) return known->second;
    }
    Verdict verdict = Examine(pem);
    // Strangers are not remembered: they could push the fleet's own certificates out.
    if (verdict.refusal.has_value()) return verdict;
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMaxKnown) known_.clear();
    known_.emplace(key, verdict);
    return verdict;
  }

  Verdict Examine(std::string_view pem) const {
    const auto unfit = [](std::string_view why) {
      Verdict verdict;
      verdict.refusal = Refusal::kUnfit;
      verdict.reason = fmt::format("the client certificate is not one for this: {}", why);
      return verdict;
    };
    if (pem.size() > kMaxCertificatePem) return unfit("it is too large");
    const auto certificate = tls::Certificate::FromPem(pem);
    if (!certificate.ok()) return unfit(Message(certificate.status()));
    const tls::Trust trust = tls::VerifyIgnoringTime(*certificate, ca_, tls::Usage::kClient);
    if (trust == tls::Trust::kOtherAuthority) {
      Verdict verdict;
      verdict.refusal = Refusal::kOtherAuthority;
      verdict.reason =
          "the client certificate is of another authority, not of this fleet: enrol again, or use this controller's credential";
      return verdict;
    }
    if (trust != tls::Trust::kTrusted) return unfit("it is not a client certificate");
    auto spiffe = certificate->Spiffe();
    if (!spiffe.ok()) return unfit(Message(spiffe.status()));
    if (spiffe->trust_domain != trust_domain_) return unfit(fmt::format("its trust domain is not {}", trust_domain_));
    return {std::nullopt, "", spiffe->role, std::move(spiffe->name), certificate->not_before(), certificate->not_after(),
            certificate->Fingerprint()};
  }

  grpc::Status CheckTime(const Verdict& verdict) const {
    const WallTime now = clock_.WallNow();
    if (now > verdict.not_after || now > ca_.not_after()) {
      return Unauthenticated(
          Refusal::kExpired,
          fmt::format("the client certificate of {} \"{}\" expired {} ago: {}", tls::RoleName(verdict.role), verdict.name,
                      FormatDurationRounded(now - verdict.not_after),
                      verdict.role == tls::Role::kAgent ? "enrol again with a join token"
                                                        : "restart the controller to renew its credential file, and use that"));
    }
    if (now < verdict.not_before) {
      return Unauthenticated(Refusal::kNotYetValid,
                             fmt::format("the client certificate of {} \"{}\" begins in {}: check the clocks of both hosts",
                                         tls::RoleName(verdict.role), verdict.name, FormatDurationRounded(verdict.not_before - now)));
    }
    return grpc::Status::OK;
  }

  grpc::Status Unauthenticated(Refusal refusal, const std::string& text) const {
    return Refuse(refusal, grpc::StatusCode::UNAUTHENTICATED, text);
  }
  grpc::Status Refuse(Refusal refusal, grpc::StatusCode code, const std::string& text) const {
    refusals_.Add(refusal);
    return grpc::Status(code, text);
  }

  const tls::Certificate ca_;
  const std::string trust_domain_;
  const Clock& clock_;
  RefusalCounters& refusals_;
  const Credentials* credentials_;
  const std::map<std::string, Rule, std::less<>> rules_ = MakeRules();
  std::mutex mutex_;
  // By SHA-256 of the PEM.
  std::unordered_map<std::string, Verdict> known_;
};

Gate::Gate(tls::Certificate ca, std::string trust_domain, const Clock& clock, RefusalCounters& refusals, const Credentials* credentials)
    : judge_(std::make_unique<Judge>(std::move(ca), std::move(trust_domain), clock, refusals, credentials)) {}

Gate::~Gate() = default;

grpc::Status Gate::Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*, OutputMetadata*) {
  const auto path = metadata.find(kPath);
  const auto pem = context == nullptr ? std::nullopt : PeerPem(*context);
  return judge_->Admit(path == metadata.end() ? std::string_view() : View(path->second), pem);
}

absl::StatusOr<PeerIdentity> PeerOf(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  const auto pem = auth == nullptr ? std::nullopt : PeerPem(*auth);
  if (!pem.has_value()) return absl::UnauthenticatedError("the caller showed no certificate");
  const auto certificate = tls::Certificate::FromPem(*pem);
  if (!certificate.ok()) return absl::UnauthenticatedError(std::string(Message(certificate.status())));
  auto identity = IdentityOf(*certificate);
  if (!identity.ok()) return absl::UnauthenticatedError(std::string(Message(identity.status())));
  return identity;
}

}  // namespace switchyard::controlplane::identity
