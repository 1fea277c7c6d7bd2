#include "tests/harness/http_message.h"

#include <fmt/format.h>
#include <strings.h>

#include <charconv>
#include <cstdlib>

namespace switchyard::harness {
namespace {

bool SameName(std::string_view a, std::string_view b) { return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

absl::StatusOr<HeaderList> ParseFields(std::string_view lines) {
  HeaderList out;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    if (end == std::string_view::npos) return absl::InvalidArgumentError("field line without CRLF");
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return absl::InvalidArgumentError("field line: " + Printable(line));
    out.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
    lines.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace

int HttpMessage::status() const {
  if (!start_line.starts_with("HTTP/1.") || start_line.size() < 12) return 0;
  return std::atoi(start_line.c_str() + 9);
}

std::string_view HttpMessage::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

std::size_t HttpMessage::CountHeader(std::string_view name) const {
  std::size_t n = 0;
  for (const auto& [key, value] : headers) n += SameName(key, name) ? 1 : 0;
  return n;
}

bool HttpMessage::chunked() const { return SameName(Header("transfer-encoding"), "chunked"); }

std::optional<std::size_t> HeadLength(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

absl::StatusOr<HttpMessage> ParseHead(std::string_view head) {
  HttpMessage message;
  message.head = head;
  const std::size_t line_end = head.find("\r\n");
  message.start_line = head.substr(0, line_end);
  auto fields = ParseFields(head.substr(line_end + 2, head.size() - line_end - 4));
  if (!fields.ok()) return fields.status();
  message.headers = *std::move(fields);
  return message;
}

BodyFrame FrameOfRequest(const HttpMessage& message) {
  if (message.chunked()) return {BodyKind::kChunked, 0};
  const std::string_view length = message.Header("content-length");
  if (length.empty()) return {};
  return {BodyKind::kLength, std::strtoull(std::string(length).c_str(), nullptr, 10)};
}

BodyFrame FrameOfResponse(const HttpMessage& message, bool to_head) {
  const int status = message.status();
  if (to_head || status < 200 || status == 204 || status == 304) return {};
  const BodyFrame frame = FrameOfRequest(message);
  if (frame.kind == BodyKind::kNone) return {BodyKind::kUntilClose, 0};
  return frame;
}

absl::StatusOr<std::optional<std::size_t>> TakeChunked(std::string_view bytes, HttpMessage& message) {
  std::size_t at = 0;
  std::string body;
  for (;;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::optional<std::size_t>();
    const std::string_view line = bytes.substr(at, line_end - at);
    std::size_t size = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || (stop != line.data() + line.size() && *stop != ';')) {
      return absl::InvalidArgumentError("chunk size: " + Printable(line));
    }
    at = line_end + 2;
    if (size == 0) break;
    if (bytes.size() < at + size + 2) return std::optional<std::size_t>();
    body.append(bytes.substr(at, size));
    if (bytes.substr(at + size, 2) != "\r\n") return absl::InvalidArgumentError("chunk without CRLF");
    at += size + 2;
  }
  std::size_t end = at + 2;
  if (bytes.substr(at, 2) != "\r\n") {
    const std::size_t blank = bytes.find("\r\n\r\n", at);
    if (blank == std::string_view::npos) return std::optional<std::size_t>();
    auto trailers = ParseFields(bytes.substr(at, blank + 2 - at));
    if (!trailers.ok()) return trailers.status();
    message.trailers = *std::move(trailers);
    end = blank + 4;
  }
  message.body = std::move(body);
  return std::optional<std::size_t>(end);
}

std::string Printable(std::string_view bytes, std::size_t most) {
  std::string out;
  for (const char c : bytes.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n\n  ";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (bytes.size() > most) out += fmt::format("... ({} bytes)", bytes.size());
  return out;
}

}  // namespace switchyard::harness
