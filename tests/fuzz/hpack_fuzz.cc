// HPACK: any bytes are refused or decoded; what was decoded means the same when our encoder has said it again, in a connection where much was said before; and
// Huffman text goes both ways.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/codec/hpack_decoder.h"
#include "agent/codec/hpack_encoder.h"
#include "agent/codec/hpack_huffman.h"

namespace {

using namespace switchyard::agent::codec;
using List = std::vector<std::pair<std::string, std::string>>;

void Require(bool holds) {
  if (!holds) std::abort();
}

// False: not HPACK.
bool Decode(HpackDecoder& decoder, std::string_view section, List& out, std::size_t most) {
  HpackField field;
  decoder.Begin(section);
  std::size_t size = 0;
  while (true) {
    const HpackDecoder::Step step = decoder.Next(field);
    if (step == HpackDecoder::Step::kEnd) return true;
    if (step == HpackDecoder::Step::kBad) return false;
    size += field.name.size() + field.value.size();
    // Fields of the table that are named by a byte each.
    if (size > most) continue;
    out.emplace_back(field.name, field.value);
  }
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string coded(HuffmanSize(bytes), '\0');
  Require(HuffmanEncode(bytes, coded.data()) == coded.data() + coded.size());
  std::string plain(HuffmanRoom(coded.size()), '\0');
  const char* const end = HuffmanDecode(coded, plain.data());
  Require(end != nullptr && std::string_view(plain.data(), static_cast<std::size_t>(end - plain.data())) == bytes);

  HpackDecoder decoder(4096);
  HpackEncoder encoder;
  HpackDecoder again(4096);
  // Sections of at most 255 bytes, each behind its length.
  while (!bytes.empty()) {
    const std::size_t length = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::string section(bytes.substr(0, length));
    bytes.remove_prefix(section.size());
    List fields;
    if (!Decode(decoder, section, fields, 20'000)) return 0;
    if (length % 16 == 15) encoder.SetPeerLimit(static_cast<std::uint32_t>(length) * 16);
    std::string out(HpackEncoder::kBeginRoom, '\0');
    for (const auto& [name, value] : fields) out.append(HpackEncoder::RoomFor(name.size(), value.size()), '\0');
    char* at = encoder.Begin(out.data());
    for (const auto& [name, value] : fields) at = encoder.Add(name, value, length % 2 == 0, at);
    Require(at <= out.data() + out.size());
    out.resize(static_cast<std::size_t>(at - out.data()));
    List back;
    Require(Decode(again, out, back, ~std::size_t{0}));
    Require(back.size() == fields.size());
    for (std::size_t i = 0; i < back.size(); ++i) Require(back[i].first == Lower(fields[i].first) && back[i].second == fields[i].second);
  }
  return 0;
}
