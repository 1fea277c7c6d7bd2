#include "agent/exchange/forwarding.h"

#include <algorithm>

namespace switchyard::agent::exchange {
namespace {

// Fields that a proxy adds of its own, as a rule; and what `Forwarded` takes.
constexpr std::size_t kOwnFields = 8;
constexpr std::size_t kForwardedText = 120;

using codec::FieldId;
using codec::Header;
using snapshot::ForwardedMode;

// Fields that belong to one hop, and the framing that each hop writes anew.
bool IsHopByHop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kHttp2Settings:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyConnection:
    case FieldId::kSwitchyardCause:  // ours alone to say: an answer that carries it was made by this agent
    case FieldId::kTe:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    default:
      return false;
  }
}

bool IsForwarding(FieldId id) {
  return id == FieldId::kForwarded || id == FieldId::kXForwardedFor || id == FieldId::kXForwardedHost || id == FieldId::kXForwardedProto ||
         id == FieldId::kXForwardedClientCert;
}

// Whether some `Connection` field lists this name. Host is end-to-end whatever a sender claims.
bool ListedInConnection(const std::vector<Header>& headers, const Header& header) {
  if (header.id == FieldId::kHost) return false;
  for (const Header& each : headers) {
    if (each.id == FieldId::kConnection && codec::ListHas(each.value, header.name)) return true;
  }
  return false;
}

// `Connection: close`, `keep-alive` and `upgrade` list no field of their own; anything else might.
bool ConnectionListsFields(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (header.id != FieldId::kConnection) continue;
    if (!codec::EqualsIgnoreCase(header.value, "close") && !codec::EqualsIgnoreCase(header.value, "keep-alive") &&
        !codec::EqualsIgnoreCase(header.value, "upgrade")) {
      return true;
    }
  }
  return false;
}

// RFC 7239 section 6: an IPv6 address is bracketed and quoted.
void AppendNode(std::string& out, std::string_view ip) {
  const bool v6 = ip.find(':') != std::string_view::npos;
  out.append(v6 ? "for=\"[" : "for=").append(ip).append(v6 ? "]\"" : "");
}

// Every value of a field, joined. The last argument comes last.
void Join(const std::vector<Header>& headers, FieldId id, std::string_view last, std::string& out) {
  out.clear();
  for (const Header& header : headers) {
    if (header.id == id && !header.value.empty()) out.append(header.value).append(", ");
  }
  out.append(last);
}

}  // namespace

const std::vector<Header>& RequestForwarding::Rewrite(const codec::RequestHead& head, const snapshot::ListenerConfig& listener,
                                                      const ClientFacts& client) {
  headers_.clear();
  headers_.reserve(head.headers.size() + kOwnFields);
  headers_.push_back({"Host", head.authority, FieldId::kHost});
  const bool listed_fields = ConnectionListsFields(head.headers);
  const ForwardedMode mode = listener.forwarded;
  for (const Header& header : head.headers) {
    if (header.id == FieldId::kHost || IsHopByHop(header.id)) continue;
    if (header.id == FieldId::kExpect && !head.expects_continue) continue;
    if (IsForwarding(header.id) && mode == ForwardedMode::kReplace) continue;
    if (mode == ForwardedMode::kAppend && (header.id == FieldId::kXForwardedFor || header.id == FieldId::kForwarded)) continue;
    // Joined with ours below.
    if (mode == ForwardedMode::kAppend && header.id == FieldId::kXForwardedClientCert && !client.certificate.empty()) continue;
    if (listed_fields && ListedInConnection(head.headers, header)) continue;
    headers_.push_back(header);
  }
  AddForwarded(head, mode, client);
  via_.assign(ViaProtocol(head.major_version, head.minor_version)).append(listener.via);
  headers_.push_back({"Via", via_, FieldId::kVia});
  return headers_;
}

void RequestForwarding::Set(std::string_view name, FieldId id, std::string_view value) {
  for (Header& header : headers_) {
    if (header.id != id) continue;
    header.value = value;
    return;
  }
  headers_.push_back({name, value, id});
}

void RequestForwarding::AddForwarded(const codec::RequestHead& head, ForwardedMode mode, const ClientFacts& client) {
  if (mode == ForwardedMode::kKeep) return;
  const bool append = mode == ForwardedMode::kAppend;
  forwarded_.clear();
  forwarded_.reserve(kForwardedText);
  AppendNode(forwarded_, client.ip);
  forwarded_.append(";proto=").append(client.scheme);
  if (!head.authority.empty()) forwarded_.append(";host=\"").append(head.authority).append("\"");
  if (append) {
    const std::string own = forwarded_;
    Join(head.headers, FieldId::kForwarded, own, forwarded_);
    Join(head.headers, FieldId::kXForwardedFor, client.ip, forwarded_for_);
    headers_.push_back({"X-Forwarded-For", forwarded_for_, FieldId::kXForwardedFor});
  } else {
    headers_.push_back({"X-Forwarded-For", client.ip, FieldId::kXForwardedFor});
  }
  // Looked up among what is passed on: a sender cannot remove them by listing them in Connection.
  if (!append || codec::Find(headers_, FieldId::kXForwardedProto).data() == nullptr) {
    headers_.push_back({"X-Forwarded-Proto", client.scheme, FieldId::kXForwardedProto});
  }
  if (!append || codec::Find(headers_, FieldId::kXForwardedHost).data() == nullptr) {
    headers_.push_back({"X-Forwarded-Host", head.authority, FieldId::kXForwardedHost});
  }
  headers_.push_back({"Forwarded", forwarded_, FieldId::kForwarded});
  if (!client.certificate.empty()) AddCertificate(head, append, client.certificate);
}

void RequestForwarding::AddCertificate(const codec::RequestHead& head, bool append, std::string_view certificate) {
  if (append) {
    Join(head.headers, FieldId::kXForwardedClientCert, certificate, certificates_);
    certificate = certificates_;
  }
  headers_.push_back({"X-Forwarded-Client-Cert", certificate, FieldId::kXForwardedClientCert});
}

void RewriteResponse(const codec::ResponseHead& head, std::string_view via, std::vector<Header>& out) {
  out.clear();
  out.reserve(head.headers.size() + kOwnFields);
  const bool listed_fields = ConnectionListsFields(head.headers);
  for (const Header& header : head.headers) {
    if (IsHopByHop(header.id)) continue;
    if (listed_fields && ListedInConnection(head.headers, header)) continue;
    out.push_back(header);
  }
  out.push_back({"Via", via, FieldId::kVia});
}

// A trailer must not change how the message was framed or routed (RFC 9110 section 6.5.1); every field that has an id could.
const codec::Trailers* FilterTrailers(const codec::Trailers* trailers, codec::Trailers& kept) {
  kept.clear();
  if (trailers == nullptr) return nullptr;
  for (const auto& trailer : *trailers) {
    if (codec::IdOf(trailer.first) == FieldId::kOther) kept.push_back(trailer);
  }
  return kept.empty() ? nullptr : &kept;
}

namespace {

std::string_view NextWord(std::string_view& text) {
  constexpr std::string_view kBlank = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string_view ViaProtocol(std::uint8_t major, std::uint8_t minor) { return major == 2 ? "2 " : minor == 0 ? "1.0 " : "1.1 "; }

int PassesThrough(const codec::RequestHead& head, std::string_view pseudonym) {
  int passes = 0;
  for (const Header& header : head.headers) {
    if (header.id != FieldId::kVia) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      // Protocol, received-by, perhaps a comment (RFC 9110 section 7.6.3).
      std::string_view entry = rest.substr(0, comma);
      NextWord(entry);
      if (NextWord(entry) == pseudonym) ++passes;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return passes;
}

}  // namespace switchyard::agent::exchange
