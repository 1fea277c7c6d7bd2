#include "controlplane/identity/credentials.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/rpc/credential_file.h"
#include "common/rpc/proto_time.h"
#include "common/tls/sha256.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kSection = "credential";
constexpr std::size_t kIdDigits = 16;
constexpr Duration kDefaultLife = std::chrono::hours(24 * 90);
constexpr Duration kMinLife = std::chrono::hours(1);
constexpr Duration kMaxLife = std::chrono::hours(24 * 365);

// A record: SHA-256 of the certificate, then v1.CredentialInfo. The id is the key.
struct Stored {
  std::string fingerprint;
  v1::CredentialInfo info;

  static std::optional<Stored> Parse(const store::Record& record) {
    Stored out;
    if (record.value.size() < tls::kSha256Bytes) return std::nullopt;
    out.fingerprint = record.value.substr(0, tls::kSha256Bytes);
    const std::string_view rest = std::string_view(record.value).substr(tls::kSha256Bytes);
    if (!out.info.ParseFromArray(rest.data(), static_cast<int>(rest.size())) || out.info.id() != record.key) return std::nullopt;
    return out;
  }
  std::string Format() const { return fingerprint + info.SerializeAsString(); }
  bool Over(WallTime now) const { return rpc::ToWallTime(info.not_after()) <= now; }
};

std::optional<tls::Role> ToRole(v1::AccessRole role) {
  switch (role) {
    case v1::ACCESS_ROLE_VIEWER:
      return tls::Role::kViewer;
    case v1::ACCESS_ROLE_OPERATOR:
      return tls::Role::kOperator;
    case v1::ACCESS_ROLE_ADMIN:
      return tls::Role::kAdmin;
    default:
      return std::nullopt;
  }
}

}  // namespace

v1::AccessRole ToAccessRole(tls::Role role) { return static_cast<v1::AccessRole>(tls::AccessLevel(role)); }

Credentials::Credentials(const Authority& authority, store::Store& store, const Clock& clock)
    : authority_(authority), store_(store), clock_(clock) {}

absl::Status Credentials::Load() {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  const std::lock_guard lock(mutex_);
  for (const store::Record& record : *records) {
    const auto stored = Stored::Parse(record);
    if (stored && stored->info.revoked()) revoked_.insert(stored->fingerprint);
  }
  return absl::OkStatus();
}

void Credentials::SetAddress(std::string address) {
  const std::lock_guard lock(mutex_);
  address_ = std::move(address);
}

absl::StatusOr<v1::CreateCredentialResponse> Credentials::Create(const v1::CreateCredentialRequest& request, std::string_view created_by) {
  const auto role = ToRole(request.role());
  if (!role) return absl::InvalidArgumentError("role: expected viewer, operator or admin");
  if (!tls::ValidIdentityName(request.name())) {
    return absl::InvalidArgumentError("name: expected 1-63 lower-case letters, digits, '-' and '.', first and last a letter or digit");
  }
  const Duration life = request.has_ttl() ? rpc::ToDuration(request.ttl()) : kDefaultLife;
  if (life < kMinLife || life > kMaxLife) return absl::InvalidArgumentError("ttl: expected 1h to 365d");
  const std::lock_guard lock(mutex_);
  if (auto room = MakeRoom(); !room.ok()) return room;
  auto issued = authority_.IssuePerson(*role, request.name(), life);
  if (!issued.ok()) return issued.status();
  const auto certificate = tls::Certificate::FromPem(issued->certificate_pem);
  if (!certificate.ok()) return certificate.status();
  Stored stored;
  stored.fingerprint = certificate->Fingerprint();
  stored.info.set_id(tls::ToHex(stored.fingerprint).substr(0, kIdDigits));
  stored.info.set_name(request.name());
  stored.info.set_role(request.role());
  *stored.info.mutable_created() = rpc::ToProto(clock_.WallNow());
  *stored.info.mutable_not_after() = rpc::ToProto(issued->not_after);
  stored.info.set_created_by(std::string(created_by));
  if (auto written = store_.PutRecord(kSection, stored.info.id(), stored.Format(), 0); !written.ok()) return written.status();
  rpc::Credential credential;
  credential.address = address_;
  credential.ca_pem = authority_.ca_pem();
  credential.certificate_pem = std::move(issued->certificate_pem);
  credential.key_pem = std::move(issued->key_pem);
  v1::CreateCredentialResponse response;
  response.set_file(rpc::FormatCredential(credential));
  *response.mutable_info() = std::move(stored.info);
  return response;
}

absl::Status Credentials::MakeRoom() {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::size_t left = records->size();
  for (const store::Record& record : *records) {
    const auto stored = Stored::Parse(record);
    if (stored && !stored->Over(clock_.WallNow())) continue;
    if (auto gone = store_.DeleteRecord(kSection, record.key, std::nullopt); !gone.ok() && !absl::IsNotFound(gone)) return gone;
    if (stored) revoked_.erase(stored->fingerprint);
    --left;
  }
  if (left < kMaxCredentials) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("there are {} credentials, the most allowed; they go when their life has ended", kMaxCredentials));
}

absl::StatusOr<v1::ListCredentialsResponse> Credentials::List() const {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::vector<v1::CredentialInfo> infos;
  for (const store::Record& record : *records) {
    auto stored = Stored::Parse(record);
    if (stored && !stored->Over(clock_.WallNow())) infos.push_back(std::move(stored->info));
  }
  std::sort(infos.begin(), infos.end(), [](const v1::CredentialInfo& a, const v1::CredentialInfo& b) {
    return std::pair(a.name(), a.id()) < std::pair(b.name(), b.id());
  });
  v1::ListCredentialsResponse response;
  for (v1::CredentialInfo& info : infos) *response.add_credentials() = std::move(info);
  return response;
}

absl::Status Credentials::Revoke(std::string_view id) {
  const absl::Status unknown = absl::NotFoundError("there is no credential of this id; `yardctl credential list` shows them");
  if (id.size() != kIdDigits || id.find_first_not_of("0123456789abcdef") != std::string_view::npos) return unknown;
  const std::lock_guard lock(mutex_);
  const auto record = store_.GetRecord(kSection, id);
  if (absl::IsNotFound(record.status())) return unknown;
  if (!record.ok()) return record.status();
  auto stored = Stored::Parse(*record);
  if (!stored) return absl::DataLossError(fmt::format("credential {} cannot be read", id));
  stored->info.set_revoked(true);
  if (auto written = store_.PutRecord(kSection, id, stored->Format(), record->revision); !written.ok()) return written.status();
  revoked_.insert(std::move(stored->fingerprint));
  return absl::OkStatus();
}

bool Credentials::Revoked(std::string_view fingerprint) const {
  const std::lock_guard lock(mutex_);
  return revoked_.find(fingerprint) != revoked_.end();
}

}  // namespace switchyard::controlplane::identity
