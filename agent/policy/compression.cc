#include "agent/policy/compression.h"

#include <algorithm>
#include <optional>

namespace switchyard::agent::policy {
namespace {

using codec::EqualsIgnoreCase;
using codec::Framing;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view Take(std::string_view& rest, char divider) {
  const std::size_t at = rest.find(divider);
  const std::string_view piece = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return Trimmed(piece);
}

// RFC 9110 section 12.4.2, in thousandths; what is not a q-value counts as 0, which refuses.
int QValue(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = Take(parameters, ';');
    if (!EqualsIgnoreCase(Take(value, '='), "q")) continue;
    value = Trimmed(value);
    if (value.empty() || value.size() > 5 || (value[0] != '0' && value[0] != '1') || (value.size() > 1 && value[1] != '.')) return 0;
    int q = (value[0] - '0') * 1000;
    int place = 100;
    for (const char c : value.substr(std::min<std::size_t>(2, value.size()))) {
      if (c < '0' || c > '9') return 0;
      q += (c - '0') * place;
      place /= 10;
    }
    return std::min(q, 1000);
  }
  return 1000;
}

// What Accept-Encoding says of a coding; 0: not wanted.
int Liking(const std::vector<codec::Header>& request, Coding coding) {
  std::optional<int> named;
  std::optional<int> any;
  for (const codec::Header& header : request) {
    if (!EqualsIgnoreCase(header.name, "accept-encoding")) continue;
    std::string_view list = header.value;
    while (!list.empty()) {
      std::string_view entry = Take(list, ',');
      const std::string_view name = Take(entry, ';');
      if (EqualsIgnoreCase(name, NameOf(coding)) || (coding == Coding::kGzip && EqualsIgnoreCase(name, "x-gzip"))) named = QValue(entry);
      if (name == "*") any = QValue(entry);
    }
  }
  return named ? *named : any.value_or(0);
}

// A strong validator names bytes, and these are other bytes (RFC 9110 section 8.8.3.3).
void WeakenEtag(TextStore& store, std::vector<codec::Header>& headers) {
  for (codec::Header& header : headers) {
    if (EqualsIgnoreCase(header.name, "etag") && !header.value.starts_with("W/")) header.value = store.Keep("W/" + std::string(header.value));
  }
}

}  // namespace

bool Compression::CoversType(std::string_view content_type) const {
  const std::string_view type = Trimmed(content_type.substr(0, content_type.find(';')));
  return !type.empty() && std::any_of(options_.content_types.begin(), options_.content_types.end(), [&](std::string_view pattern) {
    if (pattern.starts_with('+')) {
      return type.size() > pattern.size() && EqualsIgnoreCase(type.substr(type.size() - pattern.size()), pattern);
    }
    if (!pattern.ends_with("/*")) return EqualsIgnoreCase(type, pattern);
    pattern.remove_suffix(1);
    return type.size() > pattern.size() && EqualsIgnoreCase(type.substr(0, pattern.size()), pattern);
  });
}

Coding Compression::Negotiate(const std::vector<codec::Header>& request) const {
  Coding best = Coding::kIdentity;
  int liked = 0;
  for (const Coding coding : options_.codings) {
    const int liking = Liking(request, coding);
    if (liking <= liked) continue;
    liked = liking;
    best = coding;
  }
  return best;
}

bool Compression::Suits(const codec::RequestHead& request, const ResponseShape& response, const std::vector<codec::Header>& headers) const {
  if (request.is_head() || response.framing == Framing::kNone || response.status < 200 || response.status == 206) return false;
  if (response.framing == Framing::kLength && response.content_length < std::max<std::uint64_t>(options_.min_bytes, 1)) return false;
  const std::string_view encoding = FindHeader(headers, "content-encoding");
  if (!encoding.empty() && !EqualsIgnoreCase(encoding, "identity")) return false;
  for (const codec::Header& header : headers) {
    if (EqualsIgnoreCase(header.name, "cache-control") && codec::ListHas(header.value, "no-transform")) return false;
  }
  return FindHeader(headers, "content-range").data() == nullptr && CoversType(FindHeader(headers, "content-type"));
}

std::unique_ptr<Encoder> Compression::Start(const codec::RequestHead& request, ResponseShape& response, TextStore& store,
                                            std::vector<codec::Header>& headers) const {
  if (!Suits(request, response, headers)) return nullptr;
  // Whatever this client gets, another one might get something else.
  AddToList(headers, "Vary", "Accept-Encoding", store);
  const Coding coding = Negotiate(request.headers);
  if (coding == Coding::kIdentity) return nullptr;
  Lease lease(open_, options_.max_streams);
  if (!lease.held()) return nullptr;
  std::unique_ptr<Encoder> encoder = MakeEncoder(coding, std::move(lease));
  if (encoder == nullptr) return nullptr;
  SetHeader(headers, "Content-Encoding", NameOf(coding));
  RemoveHeader(headers, "Accept-Ranges");
  RemoveHeader(headers, "Content-Length");
  // Digests of the bytes before say nothing of these: RFC 9530 sections 2 and 3 (a representation includes its coding), and RFC 3230.
  for (const std::string_view digest : {"Content-Digest", "Repr-Digest", "Digest", "Content-MD5"}) RemoveHeader(headers, digest);
  WeakenEtag(store, headers);
  response.framing = Framing::kUntilClose;
  return encoder;
}

}  // namespace switchyard::agent::policy
