// Goal: the line check takes exactly the heads that every reader of the bytes would read alike.
// Method: tables of heads, one oddity each; the search for the end is tried from every split of the input.
#include "agent/codec/h1_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view head;
  LineFault fault;
};

LineFault CheckHeadLines(std::string_view head, bool is_request, std::size_t max_headers) {
  HeadLines lines;
  std::vector<Header> headers;
  return ReadHeadLines(head, is_request, max_headers, lines, headers);
}

constexpr LineFault kGood = LineFault::kNone;
constexpr LineFault kBad = LineFault::kMalformed;

TEST(HeadLines, RequestTable) {
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n\r\n"sv, kGood},
      {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t b \r\n\r\n"sv, kGood},
      {"GET / HTTP/1.1\r\nX: caf\xc3\xa9\r\n\r\n"sv, kGood},
      {""sv, kBad},
      {"\r\n"sv, kBad},
      {"GET / HTTP/1.1\n\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nHost: a\x0b\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX: a\r\n\tfolded\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\n X: a\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX : a\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX\t: a\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\n: a\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\nX(y): a\r\n\r\n"sv, kBad},
      {"GET  / HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET /  HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET / a HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET\t/ HTTP/1.1\r\n\r\n"sv, kBad},
      {" GET / HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1 \r\n\r\n"sv, kBad},
      {"GET /\r\n\r\n"sv, kBad},
      {"GET HTTP/1.1\r\n\r\n"sv, kBad},
      {"G@T / HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET /#f HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET /\xc3\xa9 HTTP/1.1\r\n\r\n"sv, kBad},
      {"GET / HTTP/1.1\r\n\r\nX: behind the end\r\n\r\n"sv, kBad},
  };
  for (const Row& row : rows) EXPECT_EQ(CheckHeadLines(row.head, true, 100), row.fault) << row.head;
}

TEST(HeadLines, StatusLineMayHoldText) {
  EXPECT_EQ(CheckHeadLines("HTTP/1.1 200 All is well\r\nX: y\r\n\r\n", false, 100), kGood);
  EXPECT_EQ(CheckHeadLines("HTTP/1.1 200 caf\xc3\xa9\r\n\r\n", false, 100), kGood);
  EXPECT_EQ(CheckHeadLines("HTTP/1.1 200 a\0b\r\n\r\n"sv, false, 100), kBad);
  EXPECT_EQ(CheckHeadLines("HTTP/1.1 200 OK\n\n", false, 100), kBad);
}

TEST(HeadLines, HeadersAreCountedUpToTheLimit) {
  const auto head = [](int headers) {
    std::string text = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < headers; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(CheckHeadLines(head(8), true, 8), kGood);
  EXPECT_EQ(CheckHeadLines(head(9), true, 8), LineFault::kTooManyHeaders);
}

TEST(HeadEnd, IsFoundWhereverTheInputIsSplit) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "body\r\n\r\n";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    const std::size_t first = FindHeadEnd(std::string_view(bytes).substr(0, split), 0);
    EXPECT_EQ(first, split >= head.size() ? head.size() : 0) << split;
    EXPECT_EQ(first == 0 ? FindHeadEnd(bytes, split) : first, head.size()) << split;
  }
}

TEST(HeadEnd, BareLfEndsTheSearchWhereverTheInputIsSplit) {
  for (const std::string bytes : {"GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\n\n", "GET / HTTP/1.1\n\r\n"}) {
    for (std::size_t split = 0; split < bytes.size(); ++split) {
      EXPECT_EQ(FindHeadEnd(std::string_view(bytes).substr(0, split), 0), 0U);
      EXPECT_EQ(FindHeadEnd(bytes, split), bytes.size()) << bytes << split;
    }
  }
}

TEST(Token, IsNotEmptyAndHasNoSeparators) {
  EXPECT_TRUE(IsToken("a!#$%&'*+-.^_`|~9Z"));
  EXPECT_FALSE(IsToken(""));
  for (const char c : "()<>@,;:\\\"/[]?={} \t\x7f\r\n"sv) EXPECT_FALSE(IsToken(std::string("a") + c)) << static_cast<int>(c);
  EXPECT_FALSE(IsToken("\xc3\xa9"));
}

}  // namespace
}  // namespace switchyard::agent::codec
