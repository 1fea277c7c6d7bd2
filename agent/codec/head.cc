#include "agent/codec/head.h"

#include <array>
#include <iterator>

namespace switchyard::agent::codec {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct Known {
  std::string_view name;
  FieldId id;
};

// In order of length, so that those of one length stand together.
constexpr Known kKnown[] = {{"te", FieldId::kTe},
                            {"via", FieldId::kVia},
                            {"host", FieldId::kHost},
                            {"expect", FieldId::kExpect},
                            {"trailer", FieldId::kTrailer},
                            {"upgrade", FieldId::kUpgrade},
                            {"forwarded", FieldId::kForwarded},
                            {"connection", FieldId::kConnection},
                            {"keep-alive", FieldId::kKeepAlive},
                            {"content-type", FieldId::kContentType},
                            {"grpc-timeout", FieldId::kGrpcTimeout},
                            {"content-length", FieldId::kContentLength},
                            {"http2-settings", FieldId::kHttp2Settings},
                            {"x-forwarded-for", FieldId::kXForwardedFor},
                            {"proxy-connection", FieldId::kProxyConnection},
                            {"x-forwarded-host", FieldId::kXForwardedHost},
                            {"sec-websocket-key", FieldId::kSecWebSocketKey},
                            {"transfer-encoding", FieldId::kTransferEncoding},
                            {"x-forwarded-proto", FieldId::kXForwardedProto},
                            {"proxy-authenticate", FieldId::kProxyAuthenticate},
                            {"x-switchyard-cause", FieldId::kSwitchyardCause},
                            {"sec-websocket-accept", FieldId::kSecWebSocketAccept},
                            {"endpoint-load-metrics", FieldId::kEndpointLoad},
                            {"x-forwarded-client-cert", FieldId::kXForwardedClientCert}};

// Names are told apart by length first; one bit per length that a known name has.
constexpr std::uint32_t KnownLengths() {
  std::uint32_t bits = 0;
  for (const Known& known : kKnown) bits |= 1U << known.name.size();
  return bits;
}
constexpr std::uint32_t kKnownLengths = KnownLengths();

constexpr std::array<std::uint8_t, 32> FirstOfLength() {
  std::array<std::uint8_t, 32> first{};
  for (std::size_t i = std::size(kKnown); i > 0; --i) first[kKnown[i - 1].name.size()] = static_cast<std::uint8_t>(i - 1);
  return first;
}
constexpr std::array<std::uint8_t, 32> kFirstOfLength = FirstOfLength();

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

FieldId IdOf(std::string_view name) {
  if (name.size() >= 32 || (kKnownLengths >> name.size() & 1U) == 0) return FieldId::kOther;
  for (std::size_t i = kFirstOfLength[name.size()]; i < std::size(kKnown) && kKnown[i].name.size() == name.size(); ++i) {
    if (EqualsIgnoreCase(kKnown[i].name, name)) return kKnown[i].id;
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
