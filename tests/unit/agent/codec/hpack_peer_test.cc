// Goal: our HPACK and another's understand each other, whatever is said.
// Method: random sections of random fields, through our encoder into nghttp2's inflater and through its deflater into our decoder, with tables whose
// sizes change; and random bytes, on which both decoders have to agree. The seed is printed and can be given as YARD_SEED.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "agent/codec/hpack_decoder.h"
#include "agent/codec/hpack_encoder.h"

namespace switchyard::agent::codec {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

std::uint32_t Seed() {
  const char* given = std::getenv("YARD_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 0)) : std::random_device()();
  testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("seed %u\n", seed);
  return seed;
}

class Fields {
 public:
  explicit Fields(std::uint32_t seed) : random_(seed) {}
  std::size_t Below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

  // Names and values of a small world, so that they come again, with strangers between them.
  List Section() {
    List out;
    for (std::size_t i = Below(12); i > 0; --i) out.emplace_back(Name(), Value());
    return out;
  }
  std::string Bytes(std::size_t most) {
    std::string out(Below(most + 1), '\0');
    for (char& c : out) c = static_cast<char>(Below(256));
    return out;
  }

 private:
  std::string Name() {
    static const char* const kNames[] = {":method", ":path",  ":authority",   ":status", "content-type",  "cookie", "authorization", "grpc-status",
                                         "x-a",     "x-bb",   "content-type", "date",    "cache-control", "te",     "user-agent",    "set-cookie"};
    if (Below(5) > 0) return kNames[Below(std::size(kNames))];
    return "x-" + std::to_string(Below(Below(2) == 0 ? 5 : 100'000));
  }
  std::string Value() {
    static const char* const kValues[] = {"GET", "POST", "/", "/index.html", "200", "gzip, deflate", "application/grpc", "trailers", "", "0"};
    switch (Below(6)) {
      case 0:
        return std::to_string(Below(1'000'000));
      case 1:
        return Bytes(60);
      case 2:
        return std::string(Below(Below(10) == 0 ? 6000 : 300), static_cast<char>('a' + Below(26)));
      default:
        return kValues[Below(std::size(kValues))];
    }
  }
  std::mt19937 random_;
};

struct Inflater {
  Inflater() { nghttp2_hd_inflate_new(&hd); }
  ~Inflater() { nghttp2_hd_inflate_del(hd); }
  std::optional<List> Decode(const std::string& section) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(section.data());
    std::size_t left = section.size();
    List out;
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(hd, &field, &flags, at, left, 1);
      if (used < 0) return std::nullopt;
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        out.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen), std::string(reinterpret_cast<char*>(field.value), field.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) break;
    }
    nghttp2_hd_inflate_end_headers(hd);
    return out;
  }
  nghttp2_hd_inflater* hd = nullptr;
};

std::optional<List> Decode(HpackDecoder& decoder, const std::string& section) {
  List out;
  HpackField field;
  decoder.Begin(section);
  while (true) {
    const HpackDecoder::Step step = decoder.Next(field);
    if (step == HpackDecoder::Step::kEnd) return out;
    if (step == HpackDecoder::Step::kBad) return std::nullopt;
    out.emplace_back(field.name, field.value);
  }
}

TEST(HpackPeer, ReadsWhatWeEncode) {
  Fields fields(Seed());
  for (int connection = 0; connection < 60; ++connection) {
    HpackEncoder encoder;
    Inflater inflater;
    for (int i = 0; i < 200; ++i) {
      if (fields.Below(40) == 0) {
        const std::size_t size = fields.Below(3) == 0 ? 0 : fields.Below(8192);
        nghttp2_hd_inflate_change_table_size(inflater.hd, size);
        encoder.SetPeerLimit(static_cast<std::uint32_t>(size));
      }
      const List section = fields.Section();
      std::string out(HpackEncoder::kBeginRoom, '\0');
      for (const auto& [name, value] : section) out.append(HpackEncoder::RoomFor(name.size(), value.size()), '\0');
      char* end = encoder.Begin(out.data());
      for (const auto& [name, value] : section) end = encoder.Add(name, value, fields.Below(20) == 0, end);
      ASSERT_LE(end, out.data() + out.size());
      out.resize(static_cast<std::size_t>(end - out.data()));
      const std::optional<List> read = inflater.Decode(out);
      ASSERT_TRUE(read.has_value());
      ASSERT_EQ(*read, section);
    }
  }
}

TEST(HpackPeer, IsReadByUs) {
  Fields fields(Seed());
  for (int connection = 0; connection < 60; ++connection) {
    HpackDecoder decoder(4096);
    nghttp2_hd_deflater* deflater = nullptr;
    nghttp2_hd_deflate_new(&deflater, 4096);
    for (int i = 0; i < 200; ++i) {
      if (fields.Below(40) == 0) nghttp2_hd_deflate_change_table_size(deflater, fields.Below(4097));
      List section = fields.Section();
      std::vector<nghttp2_nv> list;
      for (auto& [name, value] : section) {
        const std::uint8_t flags = fields.Below(20) == 0 ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
        list.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(), flags});
      }
      std::string out(nghttp2_hd_deflate_bound(deflater, list.data(), list.size()), '\0');
      const ssize_t size = nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(out.data()), out.size(), list.data(), list.size());
      ASSERT_GE(size, 0);
      out.resize(static_cast<std::size_t>(size));
      const std::optional<List> read = Decode(decoder, out);
      ASSERT_TRUE(read.has_value());
      ASSERT_EQ(*read, section);
    }
    nghttp2_hd_deflate_del(deflater);
  }
}

// Sections of a peer, damaged: either both take them for the same or both refuse them.
TEST(HpackPeer, AgreesWithUsOnWhatIsBroken) {
  Fields fields(Seed());
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string section;
    if (fields.Below(2) == 0) {
      section = fields.Bytes(40);
    } else {
      HpackEncoder encoder;
      for (const auto& [name, value] : fields.Section()) {
        std::string out(HpackEncoder::RoomFor(name.size(), value.size()), '\0');
        out.resize(static_cast<std::size_t>(encoder.Add(name, value, false, out.data()) - out.data()));
        section += out;
      }
      if (!section.empty()) section[fields.Below(section.size())] = static_cast<char>(fields.Below(256));
    }
    Inflater inflater;
    HpackDecoder decoder(4096);
    const std::optional<List> theirs = inflater.Decode(section);
    const std::optional<List> ours = Decode(decoder, section);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << testing::PrintToString(section);
    if (!ours) continue;
    ASSERT_EQ(*ours, *theirs);
    ++good;
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
}  // namespace switchyard::agent::codec
