#include "tools/wire/head.h"

#include <algorithm>
#include <charconv>

namespace switchyard::tools::wire {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsTokenChar(char c) {
  if ((c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

bool Fail(Head& head, const char* why) {
  head.error = why;
  return false;
}

// Takes one line off `rest`, without its CRLF. False when there is no CRLF.
bool TakeLine(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return true;
}

bool ParseVersion(std::string_view text, Head& head) {
  if (text == "HTTP/1.1") head.minor_version = 1;
  else if (text == "HTTP/1.0") head.minor_version = 0;
  else return Fail(head, "version is neither HTTP/1.1 nor HTTP/1.0");
  return true;
}

bool ParseFields(std::string_view rest, Head& head) {
  head.fields.clear();
  std::string_view line;
  while (TakeLine(rest, line)) {
    if (line.empty()) return rest.empty() ? true : Fail(head, "bytes after the empty line");
    if (head.fields.size() == kMaxFields) return Fail(head, "too many header lines");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Fail(head, "header line without a colon");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1));
    if (!IsToken(name)) return Fail(head, "header name is not a token");
    if (HasControl(value)) return Fail(head, "control character in a header value");
    head.fields.push_back({name, value});
  }
  return Fail(head, "head does not end with an empty line");
}

// 1: a valid length in `length`; 0: no Content-Length; -1: malformed or differing.
int ContentLength(const Head& head, std::uint64_t& length) {
  int found = 0;
  for (const Field& field : head.fields) {
    if (!EqualsIgnoreCase(field.name, "content-length")) continue;
    std::uint64_t value = 0;
    const char* end = field.value.data() + field.value.size();
    const auto [stop, error] = std::from_chars(field.value.data(), end, value);
    if (error != std::errc() || stop != end || field.value.empty()) return -1;
    if (found == 1 && value != length) return -1;
    length = value;
    found = 1;
  }
  return found;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Head::Get(std::string_view name) const {
  for (const Field& field : fields)
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  return {};
}

bool Head::Has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return EqualsIgnoreCase(f.name, name); });
}

bool Head::Lists(std::string_view name, std::string_view word) const {
  for (const Field& field : fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (EqualsIgnoreCase(Trim(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

bool Head::KeepsAlive() const {
  if (Lists("connection", "close")) return false;
  return minor_version >= 1 || Lists("connection", "keep-alive");
}

std::size_t FindHeadEnd(std::string_view bytes, std::size_t from) {
  const std::size_t at = bytes.find("\r\n\r\n", from > 3 ? from - 3 : 0);
  return at == std::string_view::npos ? 0 : at + 4;
}

bool ParseRequest(std::string_view bytes, RequestHead& out) {
  std::string_view line;
  if (!TakeLine(bytes, line)) return Fail(out, "no request line");
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Fail(out, "request line has not three parts");
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  if (!IsToken(out.method)) return Fail(out, "method is not a token");
  if (out.target.empty() || out.target.find(' ') != std::string_view::npos || HasControl(out.target)) return Fail(out, "bad target");
  return ParseVersion(line.substr(last + 1), out) && ParseFields(bytes, out);
}

bool ParseResponse(std::string_view bytes, ResponseHead& out) {
  std::string_view line;
  if (!TakeLine(bytes, line)) return Fail(out, "no status line");
  if (line.size() < 12 || line[8] != ' ') return Fail(out, "status line too short");
  if (!ParseVersion(line.substr(0, 8), out)) return false;
  const auto [stop, error] = std::from_chars(line.data() + 9, line.data() + 12, out.status);
  if (error != std::errc() || stop != line.data() + 12 || out.status < 100) return Fail(out, "status is not a number of three digits");
  if (line.size() > 12 && line[12] != ' ') return Fail(out, "status is not a number of three digits");
  return ParseFields(bytes, out);
}

Framing RequestFraming(const RequestHead& head) {
  std::uint64_t length = 0;
  const int found = ContentLength(head, length);
  if (head.Has("transfer-encoding")) {
    const bool chunked = EqualsIgnoreCase(head.Get("transfer-encoding"), "chunked");
    return {found == 0 && chunked ? Framing::Kind::kChunked : Framing::Kind::kBad, 0};
  }
  if (found < 0) return {Framing::Kind::kBad, 0};
  return length == 0 ? Framing{} : Framing{Framing::Kind::kLength, length};
}

Framing ResponseFraming(const ResponseHead& head, bool to_head) {
  if (to_head || head.status < 200 || head.status == 204 || head.status == 304) return {};
  std::uint64_t length = 0;
  const int found = ContentLength(head, length);
  if (head.Has("transfer-encoding")) {
    const bool chunked = EqualsIgnoreCase(head.Get("transfer-encoding"), "chunked");
    return {found == 0 && chunked ? Framing::Kind::kChunked : Framing::Kind::kBad, 0};
  }
  if (found < 0) return {Framing::Kind::kBad, 0};
  if (found == 0) return {Framing::Kind::kUntilClose, 0};
  return length == 0 ? Framing{} : Framing{Framing::Kind::kLength, length};
}

}  // namespace switchyard::tools::wire
