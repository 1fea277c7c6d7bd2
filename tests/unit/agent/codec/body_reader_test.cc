// Goal: each framing ends where it says, nothing behind it is taken, and the bound of the payload holds.
// Method: hand-made bodies, whole and split.
#include "agent/codec/body_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

using State = BodyReader::State;

std::string Feed(BodyReader& reader, std::string_view input, std::size_t& consumed) {
  std::vector<std::string_view> data;
  reader.Feed(input, consumed, data);
  std::string out;
  for (const std::string_view view : data) out += view;
  return out;
}

TEST(BodyReader, NoBodyIsDoneAtOnce) {
  BodyReader reader;
  EXPECT_EQ(reader.Start(Framing::kNone, 0), State::kDone);
  EXPECT_EQ(reader.Start(Framing::kLength, 0), State::kDone);
  std::size_t consumed = 9;
  EXPECT_EQ(Feed(reader, "GET", consumed), "");
  EXPECT_EQ(consumed, 0U);
}

TEST(BodyReader, LengthTakesItsBytesAndNoMore) {
  BodyReader reader;
  EXPECT_EQ(reader.Start(Framing::kLength, 5), State::kMore);
  std::size_t consumed = 0;
  EXPECT_EQ(Feed(reader, "hel", consumed), "hel");
  EXPECT_EQ(reader.state(), State::kMore);
  EXPECT_EQ(Feed(reader, "loGET", consumed), "lo");
  EXPECT_EQ(consumed, 2U);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.trailers(), nullptr);
}

TEST(BodyReader, LengthCutShortIsBad) {
  BodyReader reader;
  reader.Start(Framing::kLength, 5);
  std::size_t consumed = 0;
  Feed(reader, "hell", consumed);
  EXPECT_EQ(reader.Finish(), State::kBad);
}

TEST(BodyReader, UntilCloseEndsWithTheConnection) {
  BodyReader reader;
  reader.Start(Framing::kUntilClose, 0);
  std::size_t consumed = 0;
  EXPECT_EQ(Feed(reader, "abc", consumed), "abc");
  EXPECT_EQ(reader.state(), State::kMore);
  EXPECT_EQ(reader.Finish(), State::kDone);
}

TEST(BodyReader, ChunkedEndsWithTheLastChunkAndKeepsTrailers) {
  BodyReader reader;
  reader.Start(Framing::kChunked, 0);
  std::size_t consumed = 0;
  EXPECT_EQ(Feed(reader, "3\r\nabc\r\n0\r\nA: b\r\n\r\nGET", consumed), "abc");
  EXPECT_EQ(consumed, 19U);
  EXPECT_TRUE(reader.done());
  ASSERT_NE(reader.trailers(), nullptr);
  EXPECT_EQ(reader.trailers()->at(0).second, "b");
}

TEST(BodyReader, ChunkedCutShortIsBad) {
  BodyReader reader;
  reader.Start(Framing::kChunked, 0);
  std::size_t consumed = 0;
  Feed(reader, "3\r\nabc\r\n0\r\n", consumed);
  EXPECT_EQ(reader.Finish(), State::kBad);
}

TEST(BodyReader, BoundHoldsForEveryFraming) {
  BodyReader reader;
  EXPECT_EQ(reader.Start(Framing::kLength, 4, 4), State::kMore);
  EXPECT_EQ(reader.Start(Framing::kLength, 5, 4), State::kTooLarge);
  std::size_t consumed = 0;
  reader.Start(Framing::kUntilClose, 0, 4);
  Feed(reader, "abcd", consumed);
  EXPECT_EQ(reader.state(), State::kMore);
  Feed(reader, "e", consumed);
  EXPECT_EQ(reader.state(), State::kTooLarge);
  reader.Start(Framing::kChunked, 0, 4);
  Feed(reader, "2\r\nab\r\n2\r\ncd\r\n", consumed);
  EXPECT_EQ(reader.state(), State::kMore);
  Feed(reader, "1\r\ne\r\n", consumed);
  EXPECT_EQ(reader.state(), State::kTooLarge);
  reader.Start(Framing::kChunked, 0, 0);
  Feed(reader, "0\r\n\r\n", consumed);
  EXPECT_EQ(reader.state(), State::kDone);
}

TEST(BodyReader, IsReusedForTheNextMessage) {
  BodyReader reader;
  std::size_t consumed = 0;
  reader.Start(Framing::kChunked, 0);
  Feed(reader, "0\r\nA: b\r\n\r\n", consumed);
  reader.Start(Framing::kLength, 2);
  EXPECT_EQ(reader.trailers(), nullptr);
  EXPECT_EQ(Feed(reader, "xyz", consumed), "xy");
  reader.Start(Framing::kChunked, 0);
  EXPECT_EQ(Feed(reader, "1\r\nq\r\n0\r\n\r\n", consumed), "q");
  EXPECT_TRUE(reader.done());
}

}  // namespace
}  // namespace switchyard::agent::codec
