#include "agent/config/membership.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "common/base/duration.h"
#include "common/base/status.h"
#include "common/tls/certificate.h"
#include "common/tls/sha256.h"
#include "common/tls/spiffe_id.h"
#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr rpc::BackoffOptions kRetry{.initial = std::chrono::milliseconds(500), .max = std::chrono::seconds(15), .multiplier = 2.0};
constexpr char kRemedy[] = "start the agent with --join-token (made by `yardctl token create`)";

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

// Whether `token` is one of the controller that `identity` trusts.
bool SameController(const Identity& identity, const JoinToken& token) {
  const absl::StatusOr<switchyard::tls::Certificate> ca = switchyard::tls::Certificate::FromPem(identity.ca_pem);
  return ca.ok() && switchyard::tls::ToHex(ca->Fingerprint()) == token.ca_pin;
}

bool IsEdgeChar(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string NodeNameOf(std::string_view host) {
  std::string name;
  for (char c : host.substr(0, kMaxName)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    name += IsEdgeChar(c) || c == '.' ? c : '-';
  }
  while (!name.empty() && !IsEdgeChar(name.back())) name.pop_back();
  while (!name.empty() && !IsEdgeChar(name.front())) name.erase(0, 1);
  return name.empty() ? "agent" : name;
}

absl::StatusOr<std::unique_ptr<Membership>> Membership::Load(MembershipOptions options, MembershipParts parts) {
  if (!options.node.empty() && !switchyard::tls::ValidIdentityName(options.node)) {
    return absl::InvalidArgumentError(
        fmt::format("node '{}': expected 1-63 lower-case letters, digits, '-' and '.', first and last a letter or digit", options.node));
  }
  absl::StatusOr<Identity> loaded = LoadIdentity(options.directory);
  std::optional<Identity> identity;
  std::string error;
  if (loaded.ok()) {
    identity = *std::move(loaded);
  } else {
    error = absl::IsNotFound(loaded.status()) ? std::string("this agent has not joined a fleet yet") : std::string(Message(loaded.status()));
  }
  if (identity.has_value() && !options.node.empty() && identity->node != options.node) {
    if (!options.token.has_value()) {
      return absl::InvalidArgumentError(fmt::format("{} holds the certificate of node '{}', not of '{}'; leave --node out, give another "
                                                    "--data-dir, or enrol anew with --join-token",
                                                    options.directory, identity->node, options.node));
    }
    identity.reset();
  }
  if (options.node.empty()) options.node = identity.has_value() ? identity->node : NodeNameOf(HostName());
  return std::unique_ptr<Membership>(new Membership(std::move(options), std::move(parts), std::move(identity), std::move(error)));
}

Membership::Membership(MembershipOptions options, MembershipParts parts, std::optional<Identity> identity, std::string error)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      identity_(std::move(identity)),
      error_(std::move(error)),
      backoff_(kRetry, options_.seed),
      alive_(std::make_shared<bool>(true)) {}

Membership::~Membership() {
  *alive_ = false;
  if (thread_.joinable()) thread_.join();
}

void Membership::Stop() {
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
  renewer_.reset();
  timer_.reset();
}

std::optional<WallTime> Membership::not_after() const {
  if (!identity_.has_value()) return std::nullopt;
  return identity_->not_after;
}

bool Membership::HasValidIdentity() const { return identity_.has_value() && identity_->not_after > parts_.clock->WallNow(); }

void Membership::Begin() {
  const bool moves = HasValidIdentity() && options_.token.has_value() && !SameController(*identity_, *options_.token);
  if (moves) {
    error_ = "the join token is of another controller than the certificate";
    parts_.log->Info("the join token is of another controller: enrolling there", {{"certificate_of", identity_->node}});
  } else if (HasValidIdentity()) {
    return Admit(*identity_, identity_->not_before);
  }
  if (identity_.has_value() && !moves) error_ = "the agent's certificate has expired";
  if (!options_.token.has_value()) return Strand(fmt::format("{}; {}", error_, kRemedy));
  parts_.log->Info("enrolling", {{"controller", options_.controller}, {"node", options_.node}, {"token", options_.token->id}});
  TryEnrol();
}

void Membership::Admit(Identity identity, WallTime got) {
  error_.clear();
  identity_ = std::move(identity);
  CertificateRenewerParts parts;
  parts.loop = parts_.loop;
  parts.clock = parts_.clock;
  parts.log = parts_.log;
  parts.metrics = parts_.metrics;
  parts.renew = parts_.renew;
  parts.renewed = [this](const Identity& renewed) {
    identity_ = renewed;
    parts_.member(renewed);
  };
  parts.directory = options_.directory;
  parts.seed = options_.seed + 1;
  renewer_ = std::make_unique<CertificateRenewer>(std::move(parts), *identity_, got);
  parts_.member(*identity_);
}

void Membership::Strand(std::string why) {
  error_ = std::move(why);
  parts_.log->Error("no way to the controller", {{"error", error_}});
  parts_.stranded();
}

void Membership::TryEnrol() {
  if (thread_.joinable()) thread_.join();
  EnrolmentRequest request;
  request.controller = options_.controller;
  request.token = *options_.token;
  request.node = options_.node;
  request.data_directory = options_.directory;
  thread_ = std::thread([this, request = std::move(request), enrol = parts_.enrol, loop = parts_.loop, alive = alive_] {
    auto result = std::make_shared<absl::StatusOr<Identity>>(enrol(request));
    loop->Post([this, alive, result] {
      if (*alive) Enrolled(std::move(*result));
    });
  });
}

void Membership::Enrolled(absl::StatusOr<Identity> identity) {
  if (identity.ok()) {
    parts_.log->Info("enrolled", {{"node", identity->node}, {"trust_domain", identity->trust_domain}});
    return Admit(*std::move(identity), parts_.clock->WallNow());
  }
  error_ = Message(identity.status());
  if (!WorthAnotherTry(identity.status())) {
    if (!HasValidIdentity()) return Strand(error_);
    // An old token left on the command line must not cost a member its place.
    parts_.log->Warn("the join token of another controller is refused; going on with the certificate there is",
                     {{"error", error_}, {"node", identity_->node}});
    return Admit(*identity_, identity_->not_before);
  }
  const Duration wait = backoff_.Next();
  parts_.log->Warn("not enrolled yet", {{"error", error_}, {"retry_in", FormatDurationRounded(wait)}});
  timer_ = parts_.loop->After(wait, [this] { TryEnrol(); });
}

}  // namespace switchyard::agent::config
