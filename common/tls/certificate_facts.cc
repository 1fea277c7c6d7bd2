#include "common/tls/certificate_facts.h"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "common/tls/openssl_types.h"
#include "common/tls/sha256.h"

namespace switchyard::tls {
namespace {

using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;
constexpr std::string_view kPinPrefix = "sha256//";
constexpr std::size_t kPinBase64 = 44;  // of 32 bytes

std::string NameText(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    ClearErrors();
    return {};
  }
  return Drain(bio.get());
}

std::string_view TextOf(const void* value) {
  const auto* text = static_cast<const ASN1_STRING*>(value);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string IpText(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : bytes.size() == 16 ? AF_INET6 : 0;
  if (family == 0 || inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// Empty for kinds of name that nobody matches by, and for text with control characters, which could pass for something else.
std::string AlternativeName(const GENERAL_NAME* name) {
  int kind = 0;
  const void* value = GENERAL_NAME_get0_value(name, &kind);
  if (kind == GEN_IPADD) {
    const std::string ip = IpText(TextOf(value));
    return ip.empty() ? ip : "IP:" + ip;
  }
  if (kind != GEN_DNS && kind != GEN_URI && kind != GEN_EMAIL) return {};
  const std::string_view text = TextOf(value);
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) return {};
  return std::string(kind == GEN_DNS ? "DNS:" : kind == GEN_URI ? "URI:" : "EMAIL:").append(text);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

std::vector<std::string> AlternativeNamesOf(const Certificate& certificate) {
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.handle().certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  ClearErrors();
  std::vector<std::string> out;
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < count; ++i) {
    if (std::string name = AlternativeName(sk_GENERAL_NAME_value(names.get(), i)); !name.empty()) out.push_back(std::move(name));
  }
  return out;
}

std::string PinOf(const Certificate& certificate) {
  const std::string digest = Sha256(certificate.PublicKeyDer());
  std::array<unsigned char, kPinBase64 + 1> text{};
  EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(digest.data()), static_cast<int>(digest.size()));
  return std::string(kPinPrefix).append(reinterpret_cast<const char*>(text.data()), kPinBase64);
}

bool IsPin(std::string_view text) {
  if (!text.starts_with(kPinPrefix) || text.size() != kPinPrefix.size() + kPinBase64) return false;
  text.remove_prefix(kPinPrefix.size());
  const auto is_base64 = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return text.back() == '=' && std::all_of(text.begin(), text.end() - 1, is_base64);
}

CertificateFacts FactsOf(const Certificate& certificate) {
  X509* const x = certificate.handle().certificate.get();
  CertificateFacts facts;
  facts.subject = NameText(X509_get_subject_name(x));
  facts.issuer = NameText(X509_get_issuer_name(x));
  facts.names = AlternativeNamesOf(certificate);
  facts.not_before = certificate.not_before();
  facts.not_after = certificate.not_after();
  facts.fingerprint = ToHex(certificate.Fingerprint());
  EVP_PKEY* key = X509_get0_pubkey(x);
  facts.key = key == nullptr ? "unknown" : KeyKind(key);
  facts.pin = PinOf(certificate);
  ClearErrors();
  return facts;
}

bool MatchesName(std::string_view pattern, std::string_view name) {
  const bool prefix = pattern.ends_with('*');
  if (prefix) pattern.remove_suffix(1);
  if (prefix ? name.size() < pattern.size() : name.size() != pattern.size()) return false;
  const std::string_view part = name.substr(0, pattern.size());
  return pattern.starts_with("DNS:") || pattern.starts_with("EMAIL:") ? EqualsIgnoreCase(pattern, part) : pattern == part;
}

}  // namespace switchyard::tls
