#include "agent/codec/client_hello.h"

#include <algorithm>
#include <optional>

namespace switchyard::agent::codec {
namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloType = 1;
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kMaxRecord = 16384;
constexpr std::size_t kMaxSessionId = 32;
constexpr std::size_t kRandom = 32;
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::uint16_t kEncryptedHelloExtension = 0xfe0d;
constexpr std::uint8_t kHostName = 0;
constexpr std::size_t kMaxName = 255;

std::uint8_t Byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// Takes fields off the front of a view; once something is short, nothing more comes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::size_t> Number(std::size_t width) {
    if (bytes_.size() < width) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8U | Byte(bytes_, i);
    bytes_.remove_prefix(width);
    return value;
  }
  std::optional<std::string_view> Take(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  // A field that says its own length in `width` bytes.
  std::optional<std::string_view> Vector(std::size_t width) {
    const auto size = Number(width);
    return size ? Take(*size) : std::nullopt;
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// RFC 6066 section 3: one host name, and nothing else has ever been defined.
bool ReadServerName(std::string_view data, std::string& out) {
  Reader extension(data);
  const auto list = extension.Vector(2);
  if (!list || !extension.empty()) return false;
  Reader entry(*list);
  const auto type = entry.Number(1);
  auto name = entry.Vector(2);
  if (!type || *type != kHostName || !name || !entry.empty()) return false;
  if (name->ends_with('.')) name->remove_suffix(1);
  if (name->empty() || name->size() > kMaxName || name->front() == '.') return false;
  if (!std::all_of(name->begin(), name->end(), IsNameCharacter)) return false;
  out.assign(*name);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return true;
}

bool ReadExtensions(std::string_view bytes, ClientHello& out) {
  Reader reader(bytes);
  bool named = false;
  while (!reader.empty()) {
    const auto type = reader.Number(2);
    const auto data = reader.Vector(2);
    if (!type || !data) return false;
    if (*type == kEncryptedHelloExtension) out.encrypted = true;
    if (*type != kServerNameExtension) continue;
    // Two names would let two readers see two servers.
    if (named || !ReadServerName(*data, out.server_name)) return false;
    named = true;
  }
  return true;
}

bool ReadBody(std::string_view body, ClientHello& out) {
  out = ClientHello();
  Reader reader(body);
  const auto version = reader.Number(2);
  if (!version || *version >> 8U != 3) return false;
  if (!reader.Take(kRandom)) return false;
  const auto session = reader.Vector(1);
  if (!session || session->size() > kMaxSessionId) return false;
  const auto ciphers = reader.Vector(2);
  if (!ciphers || ciphers->size() < 2 || ciphers->size() % 2 != 0) return false;
  const auto compressions = reader.Vector(1);
  if (!compressions || compressions->empty()) return false;
  if (reader.empty()) return true;  // TLS 1.2 without extensions
  const auto extensions = reader.Vector(2);
  return extensions && reader.empty() && ReadExtensions(*extensions, out);
}

// Once its header is there: the length of the message with it; 0: it cannot be a hello.
std::size_t MessageSize(std::string_view message) {
  if (Byte(message, 0) != kClientHelloType) return 0;
  const std::size_t size = std::size_t{Byte(message, 1)} << 16U | std::size_t{Byte(message, 2)} << 8U | Byte(message, 3);
  return size + kMessageHeader > kMaxClientHelloBytes ? 0 : size + kMessageHeader;
}

bool BadRecordHeader(std::string_view bytes) {
  if (!bytes.empty() && Byte(bytes, 0) != kHandshakeRecord) return true;
  if (bytes.size() >= 2 && Byte(bytes, 1) != 3) return true;
  if (bytes.size() < kRecordHeader) return false;
  const std::size_t size = std::size_t{Byte(bytes, 3)} << 8U | Byte(bytes, 4);
  return size == 0 || size > kMaxRecord;
}

}  // namespace

HelloState ParseClientHello(std::string_view bytes, ClientHello& out) {
  const bool full = bytes.size() >= kMaxClientHelloBytes;
  std::string joined;  // of several records
  std::string_view message;
  while (true) {
    if (BadRecordHeader(bytes)) return HelloState::kBad;
    if (bytes.size() < kRecordHeader) break;
    const std::size_t size = std::size_t{Byte(bytes, 3)} << 8U | Byte(bytes, 4);
    const std::string_view fragment = bytes.substr(kRecordHeader, size);
    if (message.empty()) {
      message = fragment;
    } else {
      if (joined.empty()) joined.assign(message);
      joined.append(fragment);
      message = joined;
    }
    if (!message.empty() && Byte(message, 0) != kClientHelloType) return HelloState::kBad;
    if (message.size() >= kMessageHeader) {
      const std::size_t wanted = MessageSize(message);
      if (wanted == 0) return HelloState::kBad;
      if (message.size() >= wanted) {
        return ReadBody(message.substr(kMessageHeader, wanted - kMessageHeader), out) ? HelloState::kDone : HelloState::kBad;
      }
    }
    if (fragment.size() < size) break;
    bytes.remove_prefix(kRecordHeader + size);
  }
  return full ? HelloState::kBad : HelloState::kNeedMore;
}

}  // namespace switchyard::agent::codec
