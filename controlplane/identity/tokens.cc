#include "controlplane/identity/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/duration.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kSection = "token";
constexpr std::uint32_t kMaxUses = 100000;
constexpr std::size_t kMaxDescription = 128;
constexpr Duration kDefaultLife = std::chrono::hours(1);
constexpr Duration kMinLife = std::chrono::minutes(1);
constexpr Duration kMaxLife = std::chrono::hours(24 * 365);
// How long a spent or expired token is remembered, so that a late agent learns why.
constexpr Duration kRemember = std::chrono::hours(24);
// Lost races for a record before giving up; within one process the lock prevents them all.
constexpr int kTries = 8;

WallTime ToWall(const google::protobuf::Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos()));
}

void SetTime(google::protobuf::Timestamp& out, WallTime time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((since - seconds).count()));
}

absl::StatusOr<Duration> LifeOf(const v1::CreateTokenRequest& request) {
  if (!request.has_ttl()) return kDefaultLife;
  const std::int64_t seconds = request.ttl().seconds();
  // In seconds first: a hostile number of them does not fit nanoseconds.
  const bool fits =
      seconds >= 0 && seconds <= kMaxLife / std::chrono::seconds(1) && request.ttl().nanos() >= 0 && request.ttl().nanos() < 1'000'000'000;
  const Duration life = fits ? std::chrono::seconds(seconds) + std::chrono::nanoseconds(request.ttl().nanos()) : Duration(0);
  if (life < kMinLife || life > kMaxLife) return absl::InvalidArgumentError("ttl: expected 1m to 365d");
  return life;
}

}  // namespace

// A record: SHA-256 of the secret, then v1.TokenInfo. The id is the key.
struct Tokens::Stored {
  v1::TokenInfo info;
  std::string secret_hash;
  std::uint64_t revision = 0;

  static absl::StatusOr<Stored> Parse(const store::Record& record) {
    Stored out;
    out.revision = record.revision;
    const bool whole =
        record.value.size() >= tls::kSha256Bytes &&
        out.info.ParseFromArray(record.value.data() + tls::kSha256Bytes, static_cast<int>(record.value.size() - tls::kSha256Bytes));
    if (!whole || out.info.id() != record.key) return absl::DataLossError(fmt::format("join token {} cannot be read", record.key));
    out.secret_hash = record.value.substr(0, tls::kSha256Bytes);
    return out;
  }
  std::string Format() const { return secret_hash + info.SerializeAsString(); }
  bool Usable(WallTime now) const { return info.uses_left() > 0 && now < ToWall(info.expires()); }
};

Tokens::Tokens(store::Store& store, const Clock& clock, RefusalCounters& refusals, std::string ca_fingerprint)
    : store_(store), clock_(clock), refusals_(refusals), ca_fingerprint_(std::move(ca_fingerprint)) {}

absl::StatusOr<v1::CreateTokenResponse> Tokens::Create(const v1::CreateTokenRequest& request) {
  const auto life = LifeOf(request);
  if (!life.ok()) return life.status();
  if (request.uses() > kMaxUses) return absl::InvalidArgumentError(fmt::format("uses: expected 1 to {} (0: 1)", kMaxUses));
  if (request.description().size() > kMaxDescription)
    return absl::InvalidArgumentError(fmt::format("description: expected at most {} bytes", kMaxDescription));
  const std::lock_guard lock(mutex_);
  if (auto room = MakeRoom(); !room.ok()) return room;
  const WallTime now = clock_.WallNow();
  TokenParts parts{SecureHex(8), SecureBytes(32), ca_fingerprint_};
  Stored stored;
  stored.secret_hash = tls::Sha256(parts.secret);
  stored.info.set_id(parts.id);
  stored.info.set_uses_left(std::max<std::uint32_t>(1, request.uses()));
  stored.info.set_description(request.description());
  SetTime(*stored.info.mutable_created(), now);
  SetTime(*stored.info.mutable_expires(), now + *life);
  auto written = store_.PutRecord(kSection, parts.id, stored.Format(), 0);
  if (!written.ok()) return written.status();
  v1::CreateTokenResponse response;
  response.set_token(FormatToken(parts));
  *response.mutable_info() = std::move(stored.info);
  return response;
}

absl::Status Tokens::MakeRoom() {
  auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  const WallTime now = clock_.WallNow();
  // Unusable ones, those that ended first in front.
  std::vector<std::pair<WallTime, std::string>> dead;
  for (const store::Record& record : *records) {
    const auto stored = Stored::Parse(record);
    if (!stored.ok()) dead.emplace_back(WallTime(), record.key);
    if (stored.ok() && !stored->Usable(now)) dead.emplace_back(ToWall(stored->info.expires()), record.key);
  }
  std::sort(dead.begin(), dead.end());
  std::size_t left = records->size();
  for (const auto& [expired, id] : dead) {
    if (left < kMaxTokens && expired + kRemember > now) break;
    if (auto gone = store_.DeleteRecord(kSection, id, std::nullopt); !gone.ok() && !absl::IsNotFound(gone)) return gone;
    --left;
  }
  if (left < kMaxTokens) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("there are {} usable join tokens, the most allowed; revoke some", kMaxTokens));
}

absl::StatusOr<v1::ListTokensResponse> Tokens::List() const {
  auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  const WallTime now = clock_.WallNow();
  std::vector<v1::TokenInfo> usable;
  for (const store::Record& record : *records) {
    auto stored = Stored::Parse(record);
    if (stored.ok() && stored->Usable(now)) usable.push_back(std::move(stored->info));
  }
  std::sort(usable.begin(), usable.end(), [](const v1::TokenInfo& a, const v1::TokenInfo& b) {
    return std::pair(ToWall(a.expires()), a.id()) < std::pair(ToWall(b.expires()), b.id());
  });
  v1::ListTokensResponse response;
  for (v1::TokenInfo& info : usable) *response.add_tokens() = std::move(info);
  return response;
}

absl::Status Tokens::Revoke(std::string_view id) {
  const absl::Status unknown = absl::NotFoundError("there is no join token of this id; `yardctl token list` shows those that may be used");
  if (id.size() != 16 || id.find_first_not_of("0123456789abcdef") != std::string_view::npos) return unknown;
  const std::lock_guard lock(mutex_);
  const absl::Status gone = store_.DeleteRecord(kSection, id, std::nullopt);
  return absl::IsNotFound(gone) ? unknown : gone;
}

absl::Status Tokens::Refuse(Refusal refusal, std::string_view text) const {
  refusals_.Add(refusal);
  return absl::UnauthenticatedError(std::string(text));
}

absl::StatusOr<Tokens::Stored> Tokens::Authenticate(std::string_view text) const {
  const auto parts = ParseToken(text);
  if (!parts.ok()) return Refuse(Refusal::kMalformedToken, Message(parts.status()));
  const auto record = store_.GetRecord(kSection, parts->id);
  if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
  auto stored = record.ok() ? Stored::Parse(*record) : absl::StatusOr<Stored>(Stored());
  if (!stored.ok()) return stored.status();
  // The same work and the same words for an unknown id and a wrong secret.
  const std::string expected = record.ok() ? stored->secret_hash : std::string(tls::kSha256Bytes, '\0');
  if (!tls::ConstantTimeEqual(tls::Sha256(parts->secret), expected) || !record.ok()) {
    return Refuse(Refusal::kUnknownToken, "the join token is not known here: it was revoked, or is of another controller");
  }
  const WallTime now = clock_.WallNow();
  const WallTime expires = ToWall(stored->info.expires());
  if (now >= expires) {
    return Refuse(Refusal::kExpiredToken, fmt::format("join token {} expired {} ago; make a new one with `yardctl token create`", parts->id,
                                                      FormatDurationRounded(now - expires)));
  }
  if (stored->info.uses_left() == 0) {
    return Refuse(Refusal::kUsedToken, fmt::format("join token {} is used up; make a new one with `yardctl token create`", parts->id));
  }
  return stored;
}

absl::Status Tokens::Check(std::string_view text) const { return Authenticate(text).status(); }

absl::StatusOr<std::string> Tokens::Redeem(std::string_view text, const Along& along) {
  const std::lock_guard lock(mutex_);
  for (int tries = 0; tries < kTries; ++tries) {
    auto stored = Authenticate(text);
    if (!stored.ok()) return stored.status();
    stored->info.set_uses_left(stored->info.uses_left() - 1);
    std::vector<store::RecordPut> puts = {{std::string(kSection), stored->info.id(), stored->Format(), stored->revision}};
    if (along) puts.push_back(along(stored->info.id()));
    const auto written = store_.PutRecords(puts);
    if (written.ok()) return stored->info.id();
    if (!absl::IsAborted(written.status())) return written.status();
  }
  return absl::AbortedError("the join token is being used by too many at once; try again");
}

}  // namespace switchyard::controlplane::identity
