#include "agent/discovery/dns_answer.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace switchyard::agent::discovery {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kQuestionFixed = 4;
constexpr std::size_t kRecordFixed = 10;
constexpr std::size_t kSrvFixed = 6;
constexpr std::size_t kMaxName = 255;
constexpr std::uint16_t kAlias = 5;
constexpr std::uint16_t kInternet = 1;

std::uint8_t Byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t Number16(std::string_view bytes, std::size_t at) { return static_cast<std::uint16_t>(Byte(bytes, at) << 8U | Byte(bytes, at + 1)); }
std::uint32_t Number32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(Number16(bytes, at)) << 16U | Number16(bytes, at + 2);
}

// Reads the name at `at`, which is moved behind it. False: malformed.
bool ReadName(std::string_view message, std::size_t& at, std::string& out) {
  out.clear();
  std::size_t position = at;
  std::size_t lowest = at;  // pointers must go below this
  bool jumped = false;
  while (position < message.size()) {
    const std::uint8_t size = Byte(message, position);
    if (size >= 0xc0) {
      if (position + 1 >= message.size()) return false;
      const std::size_t target = Number16(message, position) & 0x3fffU;
      if (target >= lowest) return false;
      if (!jumped) at = position + 2;
      jumped = true;
      position = lowest = target;
      continue;
    }
    if (size > 63 || position + 1 + size > message.size()) return false;
    position += 1U + size;
    if (size == 0) {
      if (!jumped) at = position;
      return true;
    }
    if (!out.empty()) out.push_back('.');
    out.append(message.substr(position - size, size));
    if (out.size() > kMaxName) return false;
  }
  return false;
}

std::string AddressText(int family, std::string_view data) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, data.data(), text.data(), text.size()) == nullptr ? std::string() : std::string(text.data());
}

struct Record {
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;
  std::size_t data = 0;
  std::size_t size = 0;
};

bool ReadRecord(std::string_view message, std::size_t& at, Record& out) {
  std::string name;
  if (!ReadName(message, at, name) || message.size() - at < kRecordFixed) return false;
  out.type = Number16(message, at);
  out.klass = Number16(message, at + 2);
  out.ttl = Number32(message, at + 4);
  out.size = Number16(message, at + 8);
  out.data = at + kRecordFixed;
  if (message.size() - out.data < out.size) return false;
  at = out.data + out.size;
  return true;
}

// False: malformed.
bool Take(std::string_view message, const Record& record, DnsAnswer& out) {
  const std::string_view data = message.substr(record.data, record.size);
  switch (static_cast<DnsType>(record.type)) {
    case DnsType::kA:
      if (data.size() != 4) return false;
      out.addresses.push_back(AddressText(AF_INET, data));
      return true;
    case DnsType::kAaaa:
      if (data.size() != 16) return false;
      out.addresses.push_back(AddressText(AF_INET6, data));
      return true;
    case DnsType::kSrv:
      break;
  }
  if (data.size() <= kSrvFixed) return false;
  SrvRecord service;
  service.priority = Number16(data, 0);
  service.weight = Number16(data, 2);
  service.port = Number16(data, 4);
  std::size_t at = record.data + kSrvFixed;
  if (!ReadName(message, at, service.target) || at != record.data + record.size) return false;
  out.services.push_back(std::move(service));
  return true;
}

bool IsWanted(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(DnsType::kA) || type == static_cast<std::uint16_t>(DnsType::kAaaa) ||
         type == static_cast<std::uint16_t>(DnsType::kSrv);
}

}  // namespace

std::optional<DnsAnswer> ParseDnsAnswer(std::string_view response) {
  if (response.size() < kHeader) return std::nullopt;
  const std::size_t questions = Number16(response, 4);
  const std::size_t answers = Number16(response, 6);
  std::size_t at = kHeader;
  std::string name;
  for (std::size_t i = 0; i < questions; ++i) {
    if (!ReadName(response, at, name) || response.size() - at < kQuestionFixed) return std::nullopt;
    at += kQuestionFixed;
  }
  DnsAnswer out;
  std::uint32_t ttl = UINT32_MAX;
  for (std::size_t i = 0; i < std::min(answers, kMaxRecords); ++i) {
    Record record;
    if (!ReadRecord(response, at, record)) return std::nullopt;
    if (record.klass != kInternet || (!IsWanted(record.type) && record.type != kAlias)) continue;
    // RFC 2181 section 8: a time to live with the top bit set is zero.
    ttl = std::min(ttl, record.ttl > INT32_MAX ? 0 : record.ttl);
    if (record.type != kAlias && !Take(response, record, out)) return std::nullopt;
  }
  const bool any = !out.addresses.empty() || !out.services.empty();
  out.ttl_seconds = any ? ttl : 0;
  return out;
}

}  // namespace switchyard::agent::discovery
