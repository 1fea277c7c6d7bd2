#include "agent/codec/h1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace switchyard::agent::codec {
namespace {

void AppendNumber(std::string& out, std::uint64_t value, int base) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

struct Reason {
  std::uint16_t status;
  std::string_view phrase;
};

// In order of status.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
};

}  // namespace

void AppendRequestLine(std::string& out, std::string_view method, std::string_view path_and_query) {
  out.append(method).append(" ").append(path_and_query).append(" HTTP/1.1\r\n");
}

void AppendStatusLine(std::string& out, std::uint16_t status, std::string_view reason) {
  out += "HTTP/1.1 ";
  AppendNumber(out, status, 10);
  out.append(" ").append(reason).append("\r\n");
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void AppendHeaders(std::string& out, const std::vector<Header>& headers) {
  const std::size_t before = out.size();
  char* at = nullptr;
  const auto put = [&at](std::string_view text) { at = std::copy_n(text.data(), text.size(), at); };
  std::size_t total = before;
  for (const Header& header : headers) total += header.name.size() + header.value.size() + 4;
  out.resize(total);
  at = out.data() + before;
  for (const Header& header : headers) {
    put(header.name);
    at = std::copy_n(": ", 2, at);
    put(header.value);
    at = std::copy_n("\r\n", 2, at);
  }
}

void AppendHeader(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(name).append(": ");
  AppendNumber(out, value, 10);
  out += "\r\n";
}

void AppendChunkStart(std::string& out, std::size_t size) {
  AppendNumber(out, size, 16);
  out += "\r\n";
}

void AppendLastChunk(std::string& out, const Trailers* trailers) {
  out += "0\r\n";
  if (trailers != nullptr) {
    for (const auto& [name, value] : *trailers) AppendHeader(out, name, value);
  }
  out += "\r\n";
}

std::string_view ReasonOf(std::uint16_t status) {
  const auto* const at = std::lower_bound(std::begin(kReasons), std::end(kReasons), status,
                                          [](const Reason& reason, std::uint16_t wanted) { return reason.status < wanted; });
  return at != std::end(kReasons) && at->status == status ? at->phrase : std::string_view();
}

}  // namespace switchyard::agent::codec
