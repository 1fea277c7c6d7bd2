// Goal: chunked bodies are read as RFC 9112 section 7.1 says, strictly, and in the same way however the bytes arrive.
// Method: a table of bodies; each is decoded whole, split in two at every position, byte by byte, and in random pieces with a printed seed.
#include "agent/codec/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/random.h"

namespace switchyard::agent::codec {
namespace {

using namespace std::string_literals;
using State = ChunkDecoder::State;

struct Outcome {
  State state = State::kMore;
  std::string payload;
  std::size_t consumed = 0;
  Trailers trailers;
};

// `ends`: where the pieces end, rising; the last piece goes to the end of the input.
Outcome Decode(std::string_view input, const std::vector<std::size_t>& ends) {
  ChunkDecoder decoder;
  Outcome out;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= ends.size() && out.state == State::kMore; ++i) {
    const std::size_t to = i < ends.size() ? ends[i] : input.size();
    std::vector<std::string_view> data;
    std::size_t consumed = 0;
    // A copy per piece, so that a read beyond it is seen by a sanitizer.
    const std::string piece(input.substr(from, to - from));
    out.state = decoder.Feed(piece, consumed, data);
    for (const std::string_view view : data) out.payload += view;
    EXPECT_TRUE(out.state != State::kMore || consumed == piece.size());
    out.consumed += consumed;
    from = to;
  }
  if (out.state == State::kDone) out.trailers = decoder.trailers();
  return out;
}

void ExpectSame(const Outcome& a, const Outcome& b) {
  ASSERT_EQ(a.state, b.state);
  if (a.state == State::kBad) return;
  EXPECT_EQ(a.payload, b.payload);
  EXPECT_EQ(a.consumed, b.consumed);
  EXPECT_EQ(a.trailers, b.trailers);
}

void ExpectSameHoweverSplit(const std::string& input) {
  SCOPED_TRACE(testing::PrintToString(input.substr(0, 200)));
  const Outcome whole = Decode(input, {});
  std::vector<std::size_t> every;
  for (std::size_t i = 1; i < input.size(); ++i) every.push_back(i);
  ExpectSame(whole, Decode(input, every));
  if (input.size() > 2000) return;
  for (std::size_t i = 0; i <= input.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectSame(whole, Decode(input, {i}));
  }
}

struct Row {
  std::string body;
  State state;
  std::string payload;
  std::string rest;  // what must not be consumed
  Trailers trailers;
};

std::vector<Row> GoodRows() {
  return {{"0\r\n\r\n", State::kDone, "", "", {}},
          {"5\r\nhello\r\n0\r\n\r\n", State::kDone, "hello", "", {}},
          {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", State::kDone, "hello world", "GET /", {}},
          {"A\r\n0123456789\r\n0\r\n\r\n\r\n", State::kDone, "0123456789", "\r\n", {}},
          {"a\r\n0123456789\r\n000\r\n\r\n", State::kDone, "0123456789", "", {}},
          {"0005\r\nhello\r\n0\r\n\r\n", State::kDone, "hello", "", {}},
          {"2\r\n\r\n\r\n0\r\n\r\n", State::kDone, "\r\n", "", {}},
          {"5;a=b\r\nhello\r\n0;c\r\n\r\n", State::kDone, "hello", "", {}},
          {"5;a=\"b c\"\r\nhello\r\n0\r\n\r\n", State::kDone, "hello", "", {}},
          {"1\r\nx\r\n0\r\nA: b\r\nCc:  d e \r\n\r\nrest", State::kDone, "x", "rest", {{"A", "b"}, {"Cc", "d e"}}},
          {"0\r\nEmpty:\r\n\r\n", State::kDone, "", "", {{"Empty", ""}}},
          {"0\r\nA: b\r\nA: c\r\n\r\n", State::kDone, "", "", {{"A", "b"}, {"A", "c"}}},
          {"5\r\nhel", State::kMore, "hel", "", {}},
          {"5\r\nhello\r\n0\r\n", State::kMore, "hello", "", {}},
          {"", State::kMore, "", "", {}}};
}

std::vector<std::string> BadBodies() {
  return {"\r\n",
          "x\r\n",
          "-5\r\nhello\r\n0\r\n\r\n",
          "+5\r\nhello\r\n0\r\n\r\n",
          "0x5\r\nhello\r\n0\r\n\r\n",
          " 5\r\nhello\r\n0\r\n\r\n",
          "5 \r\nhello\r\n0\r\n\r\n",
          "5\nhello\r\n0\r\n\r\n",
          "5\r\nhello\n0\r\n\r\n",
          "5\r\nhello0\r\n\r\n",
          "5\r\nhelloX\r\n0\r\n\r\n",
          "5\r\nhello\r\n0\n\n",
          "5\r\nhello\r\n0\r\n\n",
          "5\r\nhello\rX0\r\n\r\n",
          "5\rhello\r\n0\r\n\r\n",
          "5;a\nb\r\nhello\r\n0\r\n\r\n",
          "5;a\rb\r\nhello\r\n0\r\n\r\n",
          "10000000000000000\r\nx",
          "FFFFFFFFFFFFFFFFF\r\nx",
          "0\r\n: b\r\n\r\n",
          "0\r\nA : b\r\n\r\n",
          "0\r\nA\r\n\r\n",
          "0\r\nA: b\n\r\n",
          "0\r\nA: b\r\n c\r\n\r\n",
          "0\r\nA: b\r\n\tc\r\n\r\n",
          "0\r\n A: b\r\n\r\n",
          "0\r\nA: b\rc\r\n\r\n",
          "0\r\nA: b\0c\r\n\r\n"s,
          "0\r\nA: b\r\n\rX",
          "1\r\nx\r\n0\r\nA: b\x01\r\n\r\n"};
}

TEST(ChunkDecoder, GoodTable) {
  for (const Row& row : GoodRows()) {
    SCOPED_TRACE(testing::PrintToString(row.body));
    const Outcome out = Decode(row.body, {});
    EXPECT_EQ(out.state, row.state);
    EXPECT_EQ(out.payload, row.payload);
    EXPECT_EQ(out.consumed, row.body.size() - row.rest.size());
    EXPECT_EQ(out.trailers, row.trailers);
    ExpectSameHoweverSplit(row.body);
  }
}

TEST(ChunkDecoder, BadTable) {
  for (const std::string& body : BadBodies()) {
    EXPECT_EQ(Decode(body, {}).state, State::kBad) << testing::PrintToString(body);
    ExpectSameHoweverSplit(body);
  }
}

TEST(ChunkDecoder, ManySmallChunksAreNoOverhead) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += "1\r\nx\r\n";
  body += "0\r\n\r\n";
  EXPECT_EQ(Decode(body, {}).state, State::kDone);
  ExpectSameHoweverSplit(body);
}

TEST(ChunkDecoder, ExtensionsAreBounded) {
  const auto body = [](std::size_t size) { return "1;" + std::string(size, 'e') + "\r\nx\r\n0\r\n\r\n"; };
  EXPECT_EQ(Decode(body(ChunkDecoder::kMaxOverheadBytes - 64), {}).state, State::kDone);
  EXPECT_EQ(Decode(body(ChunkDecoder::kMaxOverheadBytes + 64), {}).state, State::kBad);
  ExpectSameHoweverSplit(body(ChunkDecoder::kMaxOverheadBytes - 64));
  ExpectSameHoweverSplit(body(ChunkDecoder::kMaxOverheadBytes + 64));
}

TEST(ChunkDecoder, ExtensionsOfManyChunksAreBoundedTogether) {
  std::string body;
  for (int i = 0; i < 4'000; ++i) body += "1;" + std::string(50, 'e') + "\r\nx\r\n";
  body += "0\r\n\r\n";
  EXPECT_EQ(Decode(body, {}).state, State::kBad);
  ExpectSameHoweverSplit(body);
}

TEST(ChunkDecoder, TrailersAreBounded) {
  const auto body = [](int count) {
    std::string text = "0\r\n";
    for (int i = 0; i < count; ++i) text += "A: b\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(Decode(body(100), {}).state, State::kDone);
  EXPECT_EQ(Decode(body(10'000), {}).state, State::kBad);
  ExpectSameHoweverSplit(body(10'000));
  ExpectSameHoweverSplit("0\r\nA: " + std::string(20'000, 'b') + "\r\n\r\n");
}

TEST(ChunkDecoder, EndlessSizeLineIsRefused) {
  EXPECT_EQ(Decode(std::string(100'000, '0'), {}).state, State::kBad);
  EXPECT_EQ(Decode("1;" + std::string(100'000, 'e'), {}).state, State::kBad);
}

TEST(ChunkDecoder, RandomBodiesInRandomPiecesComeOutWhole) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string body;
    std::string payload;
    for (std::uint64_t chunks = random.Below(6); chunks > 0; --chunks) {
      std::string chunk;
      for (std::uint64_t size = 1 + random.Below(300); size > 0; --size) chunk += static_cast<char>(random.Below(256));
      char size_text[16];
      std::snprintf(size_text, sizeof size_text, random.Below(2) == 0 ? "%zx" : "%zX", chunk.size());
      body += size_text + (random.Below(3) == 0 ? ";ext=1\r\n"s : "\r\n"s) + chunk + "\r\n";
      payload += chunk;
    }
    body += "0\r\n\r\nnext";
    std::vector<std::size_t> ends;
    for (std::size_t at = random.Below(50); at < body.size(); at += 1 + random.Below(50)) ends.push_back(at);
    const Outcome out = Decode(body, ends);
    ASSERT_EQ(out.state, State::kDone);
    ASSERT_EQ(out.payload, payload);
    ASSERT_EQ(out.consumed, body.size() - 4);
  }
}

}  // namespace
}  // namespace switchyard::agent::codec
