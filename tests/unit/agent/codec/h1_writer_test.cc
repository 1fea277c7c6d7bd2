// Goal: what is written is what the parser reads back.
// Method: exact bytes for the small pieces, then a round trip of heads and chunks.
#include "agent/codec/h1_writer.h"

#include <gtest/gtest.h>

#include "agent/codec/h1_parser.h"

namespace switchyard::agent::codec {
namespace {

TEST(Writer, RequestHead) {
  std::string out;
  AppendRequestLine(out, "GET", "/a?b");
  AppendHeader(out, "Host", "x");
  AppendHeader(out, "Content-Length", std::uint64_t{18446744073709551615ULL});
  AppendHeadEnd(out);
  EXPECT_EQ(out, "GET /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n");
}

TEST(Writer, StatusLineKeepsTheSpaceBeforeAnEmptyReason) {
  std::string out;
  AppendStatusLine(out, 200, "OK");
  AppendStatusLine(out, 299, "");
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nHTTP/1.1 299 \r\n");
}

TEST(Writer, ChunksAreReadBack) {
  const std::string payload(300, 'p');
  std::string out;
  AppendChunkStart(out, payload.size());
  out += payload;
  AppendChunkEnd(out);
  const Trailers trailers = {{"A", "b"}, {"C", ""}};
  AppendLastChunk(out, &trailers);
  EXPECT_EQ(out.substr(0, 5), "12c\r\n");
  ChunkDecoder decoder;
  std::vector<std::string_view> data;
  std::size_t consumed = 0;
  EXPECT_EQ(decoder.Feed(out, consumed, data), ChunkDecoder::State::kDone);
  EXPECT_EQ(consumed, out.size());
  ASSERT_EQ(data.size(), 1U);
  EXPECT_EQ(data[0], payload);
  EXPECT_EQ(decoder.trailers(), trailers);
}

TEST(Writer, LastChunkWithoutTrailers) {
  std::string out;
  AppendLastChunk(out, nullptr);
  EXPECT_EQ(out, "0\r\n\r\n");
}

TEST(Writer, HeadsAreReadBack) {
  std::string out;
  AppendStatusLine(out, 404, ReasonOf(404));
  AppendHeader(out, "Via", "1.1 switchyard");
  AppendHeader(out, "Content-Length", std::uint64_t{0});
  AppendHeadEnd(out);
  ResponseHead head;
  ASSERT_EQ(ParseResponseHead(out, HeadLimits(), false, head), Cause::kNone);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not Found");
  EXPECT_EQ(head.headers.at(0).value, "1.1 switchyard");
}

TEST(Writer, EveryCauseWithAStatusHasAReason) {
  for (const CauseInfo& info : AllCauses()) {
    EXPECT_TRUE(info.status == 0 || !ReasonOf(info.status).empty()) << info.name;
  }
}

TEST(Fields, IdsAreFoundInAnyCase) {
  EXPECT_EQ(IdOf("cOnTeNt-LeNgTh"), FieldId::kContentLength);
  EXPECT_EQ(IdOf("TE"), FieldId::kTe);
  EXPECT_EQ(IdOf("X-Forwarded-Proto"), FieldId::kXForwardedProto);
  EXPECT_EQ(IdOf("content_length"), FieldId::kOther);
  EXPECT_EQ(IdOf("hosts"), FieldId::kOther);
  EXPECT_EQ(IdOf(""), FieldId::kOther);
  EXPECT_EQ(IdOf(std::string(64, 'x')), FieldId::kOther);
}

TEST(Fields, ListHasWholeTokensOnly) {
  EXPECT_TRUE(ListHas("close", "close"));
  EXPECT_TRUE(ListHas(" a ,\tCLOSE , b", "close"));
  EXPECT_FALSE(ListHas("closed, aclose", "close"));
  EXPECT_FALSE(ListHas("", "close"));
  EXPECT_FALSE(ListHas("close;q=1", "close"));
}

}  // namespace
}  // namespace switchyard::agent::codec
