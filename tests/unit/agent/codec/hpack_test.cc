// Goal: HPACK as RFC 7541 has it: its own examples, its limits, and its errors.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/codec/hpack_decoder.h"
#include "agent/codec/hpack_encoder.h"
#include "agent/codec/hpack_huffman.h"
#include "agent/codec/hpack_integer.h"
#include "agent/codec/hpack_static.h"
#include "agent/codec/hpack_table.h"

namespace switchyard::agent::codec {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

std::string FromHex(std::string_view hex) {
  std::string out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return out;
}

// The fields of a section; "bad" in front when it is not HPACK.
List Decode(HpackDecoder& decoder, const std::string& section) {
  List out;
  HpackField field;
  decoder.Begin(section);
  while (true) {
    const HpackDecoder::Step step = decoder.Next(field);
    if (step == HpackDecoder::Step::kEnd) return out;
    if (step == HpackDecoder::Step::kBad) return {{"bad", ""}};
    out.emplace_back(field.name, field.value);
  }
}

bool IsBad(HpackDecoder& decoder, const std::string& section) { return Decode(decoder, section) == List{{"bad", ""}}; }

std::string Encode(HpackEncoder& encoder, const List& fields) {
  std::string out(HpackEncoder::kBeginRoom, '\0');
  for (const auto& [name, value] : fields) out.append(HpackEncoder::RoomFor(name.size(), value.size()), '\0');
  char* end = encoder.Begin(out.data());
  for (const auto& [name, value] : fields) end = encoder.Add(name, value, false, end);
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

// --- integers ---

TEST(HpackInteger, TheExamplesOfAppendixC1) {
  char bytes[kHpackIntegerBytes];
  EXPECT_EQ(std::string(bytes, WriteHpackInteger(bytes, 0, 5, 10)), FromHex("0a"));
  EXPECT_EQ(std::string(bytes, WriteHpackInteger(bytes, 0, 5, 1337)), FromHex("1f9a0a"));
  EXPECT_EQ(std::string(bytes, WriteHpackInteger(bytes, 0, 8, 42)), FromHex("2a"));
}

TEST(HpackInteger, AllPrefixesGoBothWaysAndWhatIsTooLargeIsRefused) {
  for (unsigned prefix = 4; prefix <= 7; ++prefix) {
    for (const std::uint32_t value : {0U, 14U, 15U, 16U, 126U, 127U, 128U, 255U, 16'383U, 16'384U, 0x7fffffffU, 0xffffffffU}) {
      char bytes[kHpackIntegerBytes];
      char* const end = WriteHpackInteger(bytes, 0, prefix, value);
      std::uint32_t read = 1;
      const char* at = bytes;
      ASSERT_TRUE(ReadHpackInteger(at, end, prefix, read));
      EXPECT_EQ(read, value);
      EXPECT_EQ(at, end);
      at = bytes;
      if (end - bytes > 1) {
        EXPECT_FALSE(ReadHpackInteger(at, end - 1, prefix, read)) << "cut off";
      }
    }
  }
  for (const char* hex : {"7f 80 ff ff ff 0f", "7f ff ff ff ff ff 0f", "7f 80 80 80 80 80 00"}) {
    const std::string bytes = FromHex(hex);
    const char* at = bytes.data();
    std::uint32_t read = 0;
    const bool good = ReadHpackInteger(at, bytes.data() + bytes.size(), 7, read);
    EXPECT_EQ(good, std::string_view(hex) == "7f 80 ff ff ff 0f") << hex;
  }
}

// --- Huffman ---

TEST(HpackHuffman, TheExamplesOfAppendixC) {
  const std::pair<const char*, const char*> rows[] = {{"www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"},
                                                      {"no-cache", "a8eb10649cbf"},
                                                      {"custom-key", "25a849e95ba97d7f"},
                                                      {"custom-value", "25a849e95bb8e8b4bf"},
                                                      {"302", "6402"},
                                                      {"private", "aec3771a4b"},
                                                      {"Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"},
                                                      {"https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"},
                                                      {"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
                                                       "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"}};
  for (const auto& [text, hex] : rows) {
    const std::string coded = FromHex(hex);
    ASSERT_EQ(HuffmanSize(text), coded.size());
    std::string out(coded.size(), '\0');
    EXPECT_EQ(HuffmanEncode(text, out.data()), out.data() + out.size());
    EXPECT_EQ(out, coded);
    std::string plain(HuffmanRoom(coded.size()), '\0');
    const char* const end = HuffmanDecode(coded, plain.data());
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(plain.substr(0, static_cast<std::size_t>(end - plain.data())), text);
  }
}

TEST(HpackHuffman, EveryByteAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t before = 0; before < 9; ++before) {
      const std::string text = std::string(before, '0') + static_cast<char>(byte) + "a";
      std::string coded(HuffmanSize(text), '\0');
      HuffmanEncode(text, coded.data());
      std::string plain(HuffmanRoom(coded.size()), '\0');
      const char* const end = HuffmanDecode(coded, plain.data());
      ASSERT_NE(end, nullptr) << byte;
      ASSERT_EQ(plain.substr(0, static_cast<std::size_t>(end - plain.data())), text);
    }
  }
}

TEST(HpackHuffman, RefusesBadPaddingAndTheEndOfString) {
  std::string out(64, '\0');
  EXPECT_NE(HuffmanDecode(FromHex("1f"), out.data()), nullptr) << "`a` and three ones";
  EXPECT_EQ(HuffmanDecode(FromHex("1e"), out.data()), nullptr) << "padding with a zero";
  EXPECT_EQ(HuffmanDecode(FromHex("1fff"), out.data()), nullptr) << "padding of more than seven bits";
  EXPECT_EQ(HuffmanDecode(FromHex("ff"), out.data()), nullptr);
  EXPECT_EQ(HuffmanDecode(FromHex("ffffffff"), out.data()), nullptr) << "the end of the string";
  EXPECT_EQ(HuffmanDecode(FromHex("fffffffffc"), out.data()), nullptr);
  EXPECT_EQ(HuffmanDecode({}, out.data()), out.data());
}

// --- the static table ---

TEST(HpackStatic, EveryFieldIsFoundByItsName) {
  for (std::uint32_t i = 1; i <= kStaticFields; ++i) {
    const StaticField& field = StaticFieldAt(i);
    const std::uint32_t first = StaticName(field.name);
    ASSERT_NE(first, 0u) << field.name;
    EXPECT_LE(first, i);
    EXPECT_EQ(StaticFieldAt(first).name, field.name);
    EXPECT_EQ(StaticValue(first, field.value), field.value.empty() ? 0u : i);
  }
  EXPECT_EQ(StaticName("x-unknown"), 0u);
  EXPECT_EQ(StaticName(""), 0u);
  EXPECT_EQ(StaticValue(StaticName(":method"), "PUT"), 0u);
}

// --- the dynamic table ---

TEST(HpackTable, TheOldestMakeRoom) {
  HpackTable table(100);
  table.Add("aaaa", "1111", {});  // 40 each
  table.Add("bbbb", "2222", {});
  ASSERT_EQ(table.count(), 2u);
  EXPECT_EQ(table.At(0).name, "bbbb");
  EXPECT_EQ(table.At(1).value, "1111");
  table.Add("cccc", "3333", {});
  ASSERT_EQ(table.count(), 2u);
  EXPECT_EQ(table.At(1).name, "bbbb");
  table.SetLimit(79);
  EXPECT_EQ(table.count(), 1u);
  EXPECT_EQ(table.At(0).name, "cccc");
  table.Add("x", std::string(100, 'x'), {});
  EXPECT_EQ(table.count(), 0u) << "what is larger than the table empties it";
  EXPECT_EQ(table.added(), 3u);
}

TEST(HpackTable, HoldsWhatWasAddedHoweverMuchHasPassedThrough) {
  HpackTable table(4096);
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "name" + std::to_string(i);
    const std::string value(static_cast<std::size_t>(i * 37 % 900), static_cast<char>('a' + i % 26));
    table.Add(name, value, {});
    for (std::uint32_t place = 0; place < table.count(); place += 7) {
      const int at = i - static_cast<int>(place);
      ASSERT_EQ(table.At(place).name, "name" + std::to_string(at));
      ASSERT_EQ(table.At(place).value, std::string(static_cast<std::size_t>(at * 37 % 900), static_cast<char>('a' + at % 26)));
    }
  }
}

// --- decoding ---

TEST(HpackDecoder, TheSingleExamplesOfAppendixC2) {
  HpackDecoder decoder(4096);
  EXPECT_EQ(Decode(decoder, FromHex("400a637573746f6d2d6b65790d637573746f6d2d686561646572")), (List{{"custom-key", "custom-header"}}));
  EXPECT_EQ(Decode(decoder, FromHex("040c2f73616d706c652f70617468")), (List{{":path", "/sample/path"}}));
  EXPECT_EQ(Decode(decoder, FromHex("100870617373776f726406736563726574")), (List{{"password", "secret"}}));
  EXPECT_EQ(Decode(decoder, FromHex("82")), (List{{":method", "GET"}}));
  EXPECT_EQ(Decode(decoder, FromHex("be")), (List{{"custom-key", "custom-header"}}));
}

TEST(HpackDecoder, TheRequestsOfAppendixC3AndC4) {
  const List first = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}};
  List second = first;
  second.emplace_back("cache-control", "no-cache");
  const List third = {{":method", "GET"}, {":scheme", "https"}, {":path", "/index.html"}, {":authority", "www.example.com"}, {"custom-key", "custom-value"}};
  HpackDecoder plain(4096);
  EXPECT_EQ(Decode(plain, FromHex("828684410f7777772e6578616d706c652e636f6d")), first);
  EXPECT_EQ(Decode(plain, FromHex("828684be58086e6f2d6361636865")), second);
  EXPECT_EQ(Decode(plain, FromHex("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565")), third);
  HpackDecoder coded(4096);
  EXPECT_EQ(Decode(coded, FromHex("828684418cf1e3c2e5f23a6ba0ab90f4ff")), first);
  EXPECT_EQ(Decode(coded, FromHex("828684be5886a8eb10649cbf")), second);
  EXPECT_EQ(Decode(coded, FromHex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")), third);
}

// With a table of 256 bytes, so that entries are evicted.
TEST(HpackDecoder, TheResponsesOfAppendixC5AndC6) {
  const List first = {{":status", "302"}, {"cache-control", "private"}, {"date", "Mon, 21 Oct 2013 20:13:21 GMT"}, {"location", "https://www.example.com"}};
  List second = first;
  second[0].second = "307";
  const List third = {{":status", "200"},
                      {"cache-control", "private"},
                      {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
                      {"location", "https://www.example.com"},
                      {"content-encoding", "gzip"},
                      {"set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"}};
  const std::string small = FromHex("3fe101");
  HpackDecoder plain(4096);
  EXPECT_EQ(Decode(plain, small + FromHex("4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f777777"
                                          "2e6578616d706c652e636f6d")),
            first);
  EXPECT_EQ(Decode(plain, FromHex("4803333037c1c0bf")), second);
  EXPECT_EQ(Decode(plain, FromHex("88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f51574"
                                  "54f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31")),
            third);
  HpackDecoder coded(4096);
  EXPECT_EQ(Decode(coded, small + FromHex("488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3")),
            first);
  EXPECT_EQ(Decode(coded, FromHex("4883640effc1c0bf")), second);
  EXPECT_EQ(Decode(coded, FromHex("88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5"
                                  "291f9587316065c003ed4ee5b1063d5007")),
            third);
}

TEST(HpackDecoder, RefusesWhatIsNotHpack) {
  const char* const rows[] = {"80",              // index 0
                              "be",              // beyond the tables
                              "ff80808080807f",  // an index that overflows
                              "40",              // cut off behind the pattern
                              "400161",          // and before the value
                              "0003616263",      // no value at all
                              "000a61",          // a name longer than the section
                              "4001610a62",      // a value longer than the section
                              "00017f7f80",      // a length that is cut off
                              "0081ff0161",      // bad Huffman code
                              "3fe21f",          // a table of 4097 bytes
                              "8220"};           // a change of size behind a field
  for (const char* hex : rows) {
    HpackDecoder decoder(4096);
    EXPECT_TRUE(IsBad(decoder, FromHex(hex))) << hex;
  }
}

TEST(HpackDecoder, AChangeOfSizeEmptiesTheTable) {
  HpackDecoder decoder(4096);
  Decode(decoder, FromHex("400161016240016301 64"));
  EXPECT_EQ(Decode(decoder, FromHex("bebf")), (List{{"c", "d"}, {"a", "b"}}));
  EXPECT_EQ(Decode(decoder, FromHex("203fe11f82")), (List{{":method", "GET"}}));
  EXPECT_TRUE(IsBad(decoder, FromHex("be")));
}

TEST(HpackDecoder, ALowerLimitHasToBeObeyed) {
  HpackDecoder decoder(4096);
  Decode(decoder, FromHex("4001610162"));
  decoder.SetLimit(100);
  EXPECT_TRUE(IsBad(decoder, FromHex("be")));
  EXPECT_EQ(Decode(decoder, FromHex("3f45be")), (List{{"a", "b"}})) << "100 bytes";
  EXPECT_EQ(Decode(decoder, FromHex("be")), (List{{"a", "b"}}));
  EXPECT_TRUE(IsBad(decoder, FromHex("3f46")));
}

TEST(HpackDecoder, ANameOfAnEntryThatMakesRoomIsStillRead) {
  HpackDecoder decoder(4096);
  EXPECT_EQ(Decode(decoder, FromHex("3f0c 4003616263 03313131")), (List{{"abc", "111"}})) << "a table of 43 bytes, one entry of 38";
  EXPECT_EQ(Decode(decoder, FromHex("7e 03323232")), (List{{"abc", "222"}}));
  EXPECT_EQ(Decode(decoder, FromHex("be")), (List{{"abc", "222"}}));
}

// --- encoding ---

TEST(HpackEncoder, WhatComesAgainBecomesAByte) {
  HpackEncoder encoder;
  HpackDecoder decoder(4096);
  const List fields = {{":method", "POST"},      {":scheme", "http"},  {":path", "/package.Service/Method"},
                       {":authority", "a:8080"}, {"te", "trailers"},   {"content-type", "application/grpc"},
                       {"user-agent", "grpc/1"}, {"x-empty-value", ""}};
  for (int i = 0; i < 5; ++i) {
    const std::string section = Encode(encoder, fields);
    EXPECT_EQ(Decode(decoder, section), fields);
    if (i >= 2) {
      EXPECT_EQ(section.size(), fields.size()) << i;
    }
  }
}

TEST(HpackEncoder, WhatComesOnceTakesNoRoom) {
  HpackEncoder encoder;
  HpackDecoder decoder(4096);
  const List same = {{"x-same", "value"}};
  for (int i = 0; i < 3; ++i) Decode(decoder, Encode(encoder, same));
  for (int i = 0; i < 5000; ++i) {
    const List fields = {{"x-request-id", std::to_string(i) + "-and-some-more-of-it"}};
    ASSERT_EQ(Decode(decoder, Encode(encoder, fields)), fields);
  }
  const std::string section = Encode(encoder, same);
  EXPECT_EQ(section.size(), 1u) << "it is still there";
  EXPECT_EQ(Decode(decoder, section), same);
}

TEST(HpackEncoder, SecretsAreNeverIndexed) {
  HpackEncoder encoder;
  const List rows = {{"authorization", "Bearer x"}, {"cookie", "a=1"}, {"set-cookie", "b=2"}, {"Proxy-Authorization", "Basic y"}};
  for (const auto& row : rows) {
    std::string last;
    for (int i = 0; i < 4; ++i) {
      const std::string section = Encode(encoder, {row});
      EXPECT_EQ(static_cast<unsigned char>(section[0]) & 0xf0U, 0x10u) << row.first;
      if (i > 0) {
        EXPECT_EQ(section, last);
      }
      last = section;
    }
  }
  std::string out(100, '\0');
  for (int i = 0; i < 3; ++i) {
    encoder.Add("x-api-key", "secret", /*never_indexed=*/true, out.data());
    EXPECT_EQ(static_cast<unsigned char>(out[0]), 0x10u);
  }
  HpackDecoder decoder(4096);
  HpackField field;
  const std::string section = FromHex("1001610162");
  decoder.Begin(section);
  ASSERT_EQ(decoder.Next(field), HpackDecoder::Step::kField);
  EXPECT_TRUE(field.note.has(FieldNote::kNeverIndexed));
}

TEST(HpackEncoder, NamesBecomeSmallLetters) {
  HpackEncoder encoder;
  HpackDecoder decoder(4096);
  const std::string longer = "X-" + std::string(100, 'A');
  const List fields = {{"X-Upper", "Value"}, {"Content-Type", "Text"}, {longer, "b"}};
  const List expected = {{"x-upper", "Value"}, {"content-type", "Text"}, {"x-" + std::string(100, 'a'), "b"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Decode(decoder, Encode(encoder, fields)), expected);
}

TEST(HpackEncoder, ThePeersLimitIsToldAndKept) {
  HpackEncoder encoder;
  HpackDecoder decoder(4096);
  const List fields = {{"x-one", "1"}, {"x-two", "2"}};
  for (int i = 0; i < 3; ++i) Decode(decoder, Encode(encoder, fields));
  encoder.SetPeerLimit(0);
  encoder.SetPeerLimit(1000);
  const std::string section = Encode(encoder, fields);
  EXPECT_EQ(section.substr(0, 4), FromHex("203fc907")) << "0, then 1000";
  EXPECT_EQ(Decode(decoder, section), fields);
  EXPECT_EQ(Decode(decoder, Encode(encoder, fields)), fields);
  encoder.SetPeerLimit(0);
  decoder.SetLimit(0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Decode(decoder, Encode(encoder, fields)), fields);
  encoder.SetPeerLimit(1'000'000);
  EXPECT_EQ(Encode(encoder, fields).substr(0, 3), FromHex("3fe11f")) << "we use no more than 4096";
}

TEST(HpackEncoder, StatusCodes) {
  HpackEncoder encoder;
  HpackDecoder decoder(4096);
  for (const std::uint16_t status : {100, 200, 204, 206, 304, 400, 404, 418, 500, 503, 599}) {
    std::string out(50, '\0');
    out.resize(static_cast<std::size_t>(encoder.AddStatus(status, out.data()) - out.data()));
    EXPECT_EQ(Decode(decoder, out), (List{{":status", std::to_string(status)}}));
  }
}

}  // namespace
}  // namespace switchyard::agent::codec
