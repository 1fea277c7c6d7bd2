// Goal: what comes out of an encoder decodes to what went in, whatever the pieces and flushes; a flush holds nothing back.
// Method: random pieces with a printed seed, through each coding and back with the library's own decoder.
#include "agent/policy/encoder.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "common/base/random.h"

namespace switchyard::agent::policy {
namespace {

std::string Gunzip(const std::string& coded) {
  z_stream stream{};
  std::string out(8 << 20, '\0');
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string Unbrotli(const std::string& coded) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  std::string out(8 << 20, '\0');
  std::size_t in_left = coded.size();
  const auto* in = reinterpret_cast<const std::uint8_t*>(coded.data());
  std::size_t room = out.size();
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  std::size_t total = 0;
  BrotliDecoderDecompressStream(state, &in_left, &in, &room, &to, &total);
  BrotliDecoderDestroyInstance(state);
  out.resize(total);
  return out;
}

std::string Unzstd(const std::string& coded) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string out(8 << 20, '\0');
  ZSTD_inBuffer in{coded.data(), coded.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (in.pos < in.size && ZSTD_isError(ZSTD_decompressStream(context, &to, &in)) == 0) {
  }
  ZSTD_freeDCtx(context);
  out.resize(to.pos);
  return out;
}

std::string Decoded(Coding coding, const std::string& coded) {
  return coding == Coding::kGzip ? Gunzip(coded) : coding == Coding::kBrotli ? Unbrotli(coded) : Unzstd(coded);
}

class EncoderTest : public testing::TestWithParam<Coding> {
 protected:
  std::unique_ptr<Encoder> Make() { return MakeEncoder(GetParam(), Lease(open_, 10)); }
  std::atomic<std::uint32_t> open_{0};
};

TEST_P(EncoderTest, RandomPiecesComeBackWhole) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    const auto encoder = Make();
    ASSERT_NE(encoder, nullptr);
    std::string all;
    std::string coded;
    for (std::uint64_t pieces = random.Below(20); pieces > 0; --pieces) {
      std::string piece;
      // Half text that repeats, half noise.
      const bool noise = random.Below(2) == 0;
      for (std::uint64_t length = random.Below(20'000); length > 0; --length) {
        piece += noise ? static_cast<char>(random.Next()) : "abcabcabd "[random.Below(3) + length % 7];
      }
      all += piece;
      coded += encoder->Encode(piece, random.Below(4) == 0 ? Encoder::Step::kFlush : Encoder::Step::kGoOn);
    }
    coded += encoder->Encode({}, Encoder::Step::kEnd);
    EXPECT_FALSE(encoder->failed());
    ASSERT_EQ(Decoded(GetParam(), coded), all);
  }
}

TEST_P(EncoderTest, AFlushHoldsNothingBack) {
  const auto encoder = Make();
  std::string all;
  std::string coded;
  for (int i = 0; i < 50; ++i) {
    const std::string event = "data: event " + std::to_string(i) + "\n\n";
    all += event;
    coded += encoder->Encode(event, Encoder::Step::kGoOn);
    coded += encoder->Encode({}, Encoder::Step::kFlush);
    ASSERT_EQ(Decoded(GetParam(), coded), all) << "after event " << i;
  }
}

TEST_P(EncoderTest, MakesTextSmaller) {
  const auto encoder = Make();
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "{\"id\": " + std::to_string(i) + ", \"name\": \"something\"},\n";
  std::string coded(encoder->Encode(text, Encoder::Step::kEnd));
  EXPECT_LT(coded.size(), text.size() / 4);
  EXPECT_EQ(Decoded(GetParam(), coded), text);
}

INSTANTIATE_TEST_SUITE_P(Codings, EncoderTest, testing::Values(Coding::kGzip, Coding::kBrotli, Coding::kZstd),
                         [](const auto& coding) { return std::string(NameOf(coding.param)); });

TEST(Lease, GivesPlacesBack) {
  std::atomic<std::uint32_t> open{0};
  {
    const Lease first(open, 1);
    EXPECT_TRUE(first.held());
    EXPECT_FALSE(Lease(open, 1).held());
  }
  EXPECT_EQ(open, 0U);
  EXPECT_TRUE(Lease(open, 1).held());
}

}  // namespace
}  // namespace switchyard::agent::policy
