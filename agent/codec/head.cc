#include "agent/codec/head.h"

namespace switchyard::agent::codec {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct Known {
  std::string_view name;
  FieldId id;
};

constexpr Known kKnown[] = {{"connection", FieldId::kConnection},
                            {"content-length", FieldId::kContentLength},
                            {"content-type", FieldId::kContentType},
                            {"expect", FieldId::kExpect},
                            {"forwarded", FieldId::kForwarded},
                            {"grpc-timeout", FieldId::kGrpcTimeout},
                            {"host", FieldId::kHost},
                            {"http2-settings", FieldId::kHttp2Settings},
                            {"keep-alive", FieldId::kKeepAlive},
                            {"proxy-authenticate", FieldId::kProxyAuthenticate},
                            {"proxy-connection", FieldId::kProxyConnection},
                            {"sec-websocket-accept", FieldId::kSecWebSocketAccept},
                            {"sec-websocket-key", FieldId::kSecWebSocketKey},
                            {"te", FieldId::kTe},
                            {"trailer", FieldId::kTrailer},
                            {"transfer-encoding", FieldId::kTransferEncoding},
                            {"upgrade", FieldId::kUpgrade},
                            {"via", FieldId::kVia},
                            {"x-forwarded-client-cert", FieldId::kXForwardedClientCert},
                            {"x-forwarded-for", FieldId::kXForwardedFor},
                            {"x-forwarded-host", FieldId::kXForwardedHost},
                            {"x-forwarded-proto", FieldId::kXForwardedProto},
                            {"x-switchyard-cause", FieldId::kSwitchyardCause}};

// Names are told apart by length first; one bit per length that a known name has.
constexpr std::uint32_t KnownLengths() {
  std::uint32_t bits = 0;
  for (const Known& known : kKnown) bits |= 1U << known.name.size();
  return bits;
}
constexpr std::uint32_t kKnownLengths = KnownLengths();

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

FieldId IdOf(std::string_view name) {
  if (name.size() >= 32 || (kKnownLengths >> name.size() & 1U) == 0) return FieldId::kOther;
  const char first = Lower(name.front());
  for (const Known& known : kKnown) {
    if (known.name.size() == name.size() && known.name.front() == first && EqualsIgnoreCase(known.name, name)) return known.id;
  }
  return FieldId::kOther;
}

void RequestHead::Clear() {
  auto kept = std::move(headers);
  kept.clear();
  *this = RequestHead();
  headers = std::move(kept);
}

void ResponseHead::Clear() {
  auto kept = std::move(headers);
  kept.clear();
  *this = ResponseHead();
  headers = std::move(kept);
}

std::string_view Find(const std::vector<Header>& headers, FieldId id) {
  for (const Header& header : headers) {
    if (header.id == id) return header.value;
  }
  return {};
}

bool ListHas(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (EqualsIgnoreCase(TrimSpace(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace switchyard::agent::codec
