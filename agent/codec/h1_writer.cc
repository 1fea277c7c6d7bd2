#include "agent/codec/h1_writer.h"

#include <array>
#include <charconv>

namespace switchyard::agent::codec {
namespace {

void AppendNumber(std::string& out, std::uint64_t value, int base) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

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
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "";
  }
}

}  // namespace switchyard::agent::codec
