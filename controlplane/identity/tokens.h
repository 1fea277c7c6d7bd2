// Join tokens: how an operator lets new agents in. One-time or counted, expiring, stored hashed.
//
// Text: `syt1.<id: 16 hex>.<secret: 64 hex>.<SHA-256 of the CA: 64 hex>`. The id is public; the secret is 256 random bits and exists in
// the operator's hands only; the fingerprint lets the agent know its controller before it says anything.
// Stored: SHA-256 of the secret. A slow hash (bcrypt, Argon2) protects secrets that people choose and that can be guessed; 256 random bits
// cannot, so a slow hash would only let strangers burn the controller's time. Compared in constant time, known id or not.
// Redeeming takes one use, durably, before it returns: of any number of callers racing for the last use exactly one wins. What is to be recorded with it
// goes into the same write: both are there after a crash, or neither.
//
// Thread-safety: every method from any thread. Time: the injected clock's civil time.
// Bounds: kMaxTokens records. Spent and expired ones stay for a day, so that a late agent learns why, and go first when room is needed.
// Errors: see each method; the store's own errors pass through.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/identity/refusals.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::controlplane::identity {

inline constexpr std::size_t kMaxTokens = 1000;
// Longer text is refused unread.
inline constexpr std::size_t kMaxTokenText = 256;

struct TokenParts {
  std::string id;
  // Raw bytes.
  std::string secret;
  std::string ca_fingerprint;
};
// INVALID_ARGUMENT says which part is wrong, without quoting the text.
absl::StatusOr<TokenParts> ParseToken(std::string_view text);
std::string FormatToken(const TokenParts& parts);

class Tokens {
 public:
  // All must outlive the tokens.
  Tokens(store::Store& store, const Clock& clock, RefusalCounters& refusals, std::string ca_fingerprint);

  // Defaults and bounds as CreateTokenRequest says: INVALID_ARGUMENT beyond. RESOURCE_EXHAUSTED: kMaxTokens tokens are still usable.
  absl::StatusOr<v1::CreateTokenResponse> Create(const v1::CreateTokenRequest& request);
  // Tokens that still may be used, in order of expiry.
  absl::StatusOr<v1::ListTokensResponse> List() const;
  // NOT_FOUND when there is none of this id.
  absl::Status Revoke(std::string_view id);

  // Whether the text would be accepted now. Takes no use. UNAUTHENTICATED says why not and is counted.
  absl::Status Check(std::string_view text) const;
  // Takes one use; returns the token's id. UNAUTHENTICATED as Check. `along`, if given: what to record with it, for the token of this id; ABORTED as well
  // when that record is not of the expected revision.
  using Along = std::function<store::RecordPut(const std::string& id)>;
  absl::StatusOr<std::string> Redeem(std::string_view text, const Along& along = {});

 private:
  struct Stored;
  absl::StatusOr<Stored> Authenticate(std::string_view text) const;
  absl::Status MakeRoom();
  absl::Status Refuse(Refusal refusal, std::string_view text) const;

  store::Store& store_;
  const Clock& clock_;
  RefusalCounters& refusals_;
  const std::string ca_fingerprint_;
  // Writers of this process go one by one; the store's revisions guard against any other.
  mutable std::mutex mutex_;
};

}  // namespace switchyard::controlplane::identity
