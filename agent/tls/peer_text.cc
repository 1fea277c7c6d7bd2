#include "agent/tls/peer_text.h"

#include <algorithm>

#include "common/tls/certificate_facts.h"

namespace switchyard::agent::tls {
namespace {

constexpr std::size_t kMostNames = 16;
constexpr std::size_t kMostSubject = 1024;

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != ';' && c != ',' && c != '\\'; });
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text.substr(0, kMostSubject)) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  out += '"';
}

}  // namespace

std::string ForwardedCertificate(X509* leaf) {
  X509_up_ref(leaf);
  auto handle = std::make_shared<switchyard::tls::Certificate::Handle>();
  handle->certificate.reset(leaf);
  const switchyard::tls::CertificateFacts facts = switchyard::tls::FactsOf(switchyard::tls::Certificate(std::move(handle)));
  std::string out = "Hash=" + facts.fingerprint + ";Subject=";
  AppendQuoted(out, facts.subject);
  std::size_t taken = 0;
  for (const std::string_view name : facts.names) {
    const std::size_t colon = name.find(':');
    const std::string_view kind = name.substr(0, colon);
    const std::string_view value = name.substr(colon + 1);
    if ((kind != "URI" && kind != "DNS") || !IsPlain(value) || ++taken > kMostNames) continue;
    out.append(";").append(kind).append("=").append(value);
  }
  return out;
}

}  // namespace switchyard::agent::tls
