// ParseToken and FormatToken, apart from the book of tokens.
#include <array>

#include "common/tls/sha256.h"
#include "controlplane/identity/tokens.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kPrefix = "syt1";
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kParts = 4;

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// Nothing is quoted: the text may be a secret with a typing error.
absl::Status Malformed(std::string_view what) {
  std::string text = "join token: ";
  text += what;
  text += "; copy the whole line that `yardctl token create` printed";
  return absl::InvalidArgumentError(text);
}

}  // namespace

absl::StatusOr<TokenParts> ParseToken(std::string_view text) {
  if (text.size() > kMaxTokenText) return Malformed("longer than a token can be");
  std::array<std::string_view, kParts> parts;
  std::size_t count = 0;
  for (std::string_view rest = text;; ++count) {
    if (count == kParts) return Malformed("more parts than syt1.<id>.<secret>.<fingerprint>");
    const std::size_t dot = rest.find('.');
    parts[count] = rest.substr(0, dot);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (count != kParts - 1 || parts[0] != kPrefix) return Malformed("expected syt1.<id>.<secret>.<fingerprint>");
  if (parts[1].size() != kIdBytes * 2 || !IsLowerHex(parts[1])) return Malformed("its id is not 16 hex digits");
  TokenParts token;
  token.id = std::string(parts[1]);
  token.secret = tls::FromHex(parts[2], kSecretBytes);
  token.ca_fingerprint = tls::FromHex(parts[3], tls::kSha256Bytes);
  if (token.secret.empty()) return Malformed("its secret is not 64 hex digits");
  if (token.ca_fingerprint.empty()) return Malformed("its fingerprint is not 64 hex digits");
  return token;
}

std::string FormatToken(const TokenParts& parts) {
  std::string text(kPrefix);
  text += '.';
  text += parts.id;
  text += '.';
  text += tls::ToHex(parts.secret);
  text += '.';
  text += tls::ToHex(parts.ca_fingerprint);
  return text;
}

}  // namespace switchyard::controlplane::identity
