// Goal: what the traffic tools read off the wire is exactly what was there. Method: whole messages, every split, and malformed ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tools/wire/body_reader.h"
#include "tools/wire/head.h"
#include "tools/wire/json_text.h"

namespace switchyard::tools::wire {
namespace {

std::string ReadBody(BodyReader& reader, std::string_view bytes, std::size_t step) {
  std::string out;
  std::size_t at = 0;
  while (at < bytes.size() && !reader.done() && !reader.bad()) {
    const BodyReader::Piece piece = reader.Take(bytes.substr(at, step));
    out += piece.content;
    at += piece.used;
  }
  return out;
}

TEST(Head, ReadsARequest) {
  RequestHead head;
  const std::string text = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length:  5 \r\n\r\n";
  ASSERT_EQ(FindHeadEnd(text), text.size());
  ASSERT_TRUE(ParseRequest(text, head)) << head.error;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.Get("content-length"), "5");
  EXPECT_TRUE(head.KeepsAlive());
  EXPECT_EQ(RequestFraming(head).length, 5u);
}

TEST(Head, FindsItsEndWhereverTheLastSearchStopped) {
  const std::string text = "GET / HTTP/1.1\r\n\r\nrest";
  for (std::size_t from = 0; from < 18; ++from) EXPECT_EQ(FindHeadEnd(text, from), 18u) << from;
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\n\r"), 0u);
}

TEST(Head, RefusesWhatCouldBeReadInTwoWays) {
  const char* bad[] = {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                       "GET / HTTP/2.0\r\n\r\n",           "GET / HTTP/1.1\r\nA\r\n\r\n",        "G@T / HTTP/1.1\r\n\r\n",
                       "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "GET /\n HTTP/1.1\r\n\r\n"};
  for (const char* text : bad) {
    RequestHead head;
    EXPECT_FALSE(ParseRequest(text, head)) << text;
    EXPECT_STRNE(head.error, "") << text;
  }
}

TEST(Head, RefusesAmbiguousFraming) {
  const char* bad[] = {"Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: +5",
                       "Content-Length: 5, 5", "Transfer-Encoding: gzip", "Content-Length: ", "Content-Length: 99999999999999999999"};
  for (const char* fields : bad) {
    RequestHead head;
    const std::string text = std::string("POST / HTTP/1.1\r\n") + fields + "\r\n\r\n";
    ASSERT_TRUE(ParseRequest(text, head));
    EXPECT_EQ(RequestFraming(head).kind, Framing::Kind::kBad) << fields;
  }
}

TEST(Head, ReadsAResponseAndItsFraming) {
  ResponseHead head;
  ASSERT_TRUE(ParseResponse("HTTP/1.0 204 No Content\r\n\r\n", head));
  EXPECT_EQ(head.status, 204);
  EXPECT_FALSE(head.KeepsAlive());
  EXPECT_EQ(ResponseFraming(head, false).kind, Framing::Kind::kNone);
  ASSERT_TRUE(ParseResponse("HTTP/1.1 200\r\nConnection: foo, Close\r\n\r\n", head));
  EXPECT_FALSE(head.KeepsAlive());
  EXPECT_EQ(ResponseFraming(head, false).kind, Framing::Kind::kUntilClose);
  EXPECT_EQ(ResponseFraming(head, true).kind, Framing::Kind::kNone);
  EXPECT_FALSE(ParseResponse("HTTP/1.1 20 OK\r\n\r\n", head));
  EXPECT_FALSE(ParseResponse("ICY 200 OK\r\n\r\n", head));
}

TEST(BodyReader, ReadsChunksInPiecesOfAnySize) {
  const std::string text = "5;x=y\r\nhello\r\nA\r\n, big worl\r\n1\r\nd\r\n0\r\nx-sum: 1\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    BodyReader reader;
    reader.Start({Framing::Kind::kChunked, 0});
    EXPECT_EQ(ReadBody(reader, text, step), "hello, big world") << step;
    EXPECT_TRUE(reader.done()) << step;
  }
}

TEST(BodyReader, RefusesBrokenChunks) {
  for (const char* text : {"x\r\n", "5\nhello", "5\r\nhelloX", "\r\n", "ffffffffffffffffff\r\n", "5 \r\nhello\r\n", "0\r\nx\n"}) {
    BodyReader reader;
    reader.Start({Framing::Kind::kChunked, 0});
    ReadBody(reader, text, 100);
    EXPECT_TRUE(reader.bad()) << text;
  }
}

TEST(BodyReader, BoundsALineOfAChunk) {
  BodyReader reader;
  reader.Start({Framing::Kind::kChunked, 0});
  ReadBody(reader, "5;" + std::string(BodyReader::kMaxLine, 'a'), 4096);
  EXPECT_TRUE(reader.bad());
}

TEST(BodyReader, StopsAtItsLengthAndLeavesTheRest) {
  BodyReader reader;
  reader.Start({Framing::Kind::kLength, 3});
  const BodyReader::Piece piece = reader.Take("abcdef");
  EXPECT_EQ(piece.content, "abc");
  EXPECT_EQ(piece.used, 3u);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.Take("def").used, 0u);
}

TEST(BodyReader, EndsWithTheConnectionOnlyWhenThatIsItsFraming) {
  BodyReader reader;
  reader.Start({Framing::Kind::kUntilClose, 0});
  EXPECT_EQ(reader.Take("abc").content, "abc");
  EXPECT_TRUE(reader.Close());
  reader.Start({Framing::Kind::kLength, 9});
  reader.Take("abc");
  EXPECT_FALSE(reader.Close());
}

TEST(JsonText, CarriesAnyByte) {
  EXPECT_EQ(JsonString(std::string("a\"\\\r\n\t\0\xff", 8)), "\"a\\\"\\\\\\r\\n\\t\\u0000\\u00ff\"");
}

}  // namespace
}  // namespace switchyard::tools::wire
