// Goal: what is compressed and what is left alone, and which coding a client gets. Method: tables over Accept-Encoding and response heads.
#include "agent/policy/compression.h"

#include <gtest/gtest.h>

namespace switchyard::agent::policy {
namespace {

using codec::Framing;

Compression Make(std::uint32_t streams = 10) {
  return Compression({{Coding::kZstd, Coding::kBrotli, Coding::kGzip}, {"text/*", "application/json", "+json"}, 100, streams});
}

TEST(Negotiation, FollowsQValuesThenOurOrder) {
  const std::pair<const char*, Coding> cases[] = {{"gzip", Coding::kGzip},
                                                  {"gzip, br, zstd", Coding::kZstd},
                                                  {"gzip, br", Coding::kBrotli},
                                                  {"gzip;q=1.0, br;q=0.5", Coding::kGzip},
                                                  {"br;q=0.501, gzip;q=0.5", Coding::kBrotli},
                                                  {"gzip;q=0", Coding::kIdentity},
                                                  {"*", Coding::kZstd},
                                                  {"*, zstd;q=0", Coding::kBrotli},
                                                  {"*;q=0", Coding::kIdentity},
                                                  {"identity", Coding::kIdentity},
                                                  {"", Coding::kIdentity},
                                                  {"GZIP", Coding::kGzip},
                                                  {"x-gzip", Coding::kGzip},
                                                  {"gzip;q=2", Coding::kIdentity},
                                                  {"gzip;q=bad", Coding::kIdentity},
                                                  {"gzip ; q=0.3", Coding::kGzip},
                                                  {"gzipped", Coding::kIdentity}};
  for (const auto& [accepts, coding] : cases) {
    EXPECT_EQ(Make().Negotiate({{"Accept-Encoding", accepts}}), coding) << accepts;
  }
  EXPECT_EQ(Make().Negotiate({}), Coding::kIdentity);
  EXPECT_EQ(Make().Negotiate({{"accept-encoding", "br;q=0.1"}, {"accept-encoding", "gzip"}}), Coding::kGzip);
}

struct Outcome {
  bool compressed = false;
  std::vector<codec::Header> headers;
  Framing framing = Framing::kNone;
};

Outcome Respond(TextStore& store, std::vector<codec::Header> headers, ResponseShape shape = {200, Framing::kLength, 1000},
                std::string_view method = "GET") {
  codec::RequestHead request;
  request.method = method;
  request.headers = {{"Accept-Encoding", "gzip"}};
  Outcome out;
  out.headers = std::move(headers);
  const Compression compression = Make();
  out.compressed = compression.Start(request, shape, store, out.headers) != nullptr;
  out.framing = shape.framing;
  return out;
}

TEST(Compressing, LeavesAloneWhatItMust) {
  TextStore store;
  const codec::Header text{"Content-Type", "text/html; charset=utf-8"};
  EXPECT_TRUE(Respond(store, {text}).compressed);
  EXPECT_TRUE(Respond(store, {text}, {200, Framing::kChunked, 0}).compressed);
  EXPECT_TRUE(Respond(store, {{"content-type", "application/problem+json"}}).compressed);
  EXPECT_TRUE(Respond(store, {text, {"Content-Encoding", "identity"}}).compressed);
  EXPECT_TRUE(Respond(store, {text}, {404, Framing::kLength, 1000}).compressed);
  EXPECT_FALSE(Respond(store, {text, {"Content-Encoding", "br"}}).compressed) << "encoded already";
  EXPECT_FALSE(Respond(store, {text, {"Cache-Control", "public, No-Transform"}}).compressed);
  EXPECT_FALSE(Respond(store, {text, {"Content-Range", "bytes 0-9/10"}}).compressed);
  EXPECT_FALSE(Respond(store, {text}, {206, Framing::kLength, 1000}).compressed) << "partial";
  EXPECT_FALSE(Respond(store, {text}, {200, Framing::kLength, 99}).compressed) << "small";
  EXPECT_FALSE(Respond(store, {text}, {200, Framing::kNone, 0}).compressed) << "without a body";
  EXPECT_FALSE(Respond(store, {text}, {200, Framing::kLength, 1000}, "HEAD").compressed);
  EXPECT_FALSE(Respond(store, {{"Content-Type", "image/png"}}).compressed);
  EXPECT_FALSE(Respond(store, {}).compressed) << "without a type";
}

TEST(Compressing, TellsTheClientAndItsCaches) {
  TextStore store;
  const Outcome out = Respond(store, {{"Content-Type", "text/css"},
                                      {"Content-Length", "1000"},
                                      {"ETag", "\"abc\""},
                                      {"Accept-Ranges", "bytes"},
                                      {"Content-Digest", "sha-256=:AA==:"},
                                      {"Repr-Digest", "sha-256=:AA==:"},
                                      {"Digest", "sha-256=AA=="},
                                      {"Content-MD5", "AA=="},
                                      {"Vary", "Cookie"}});
  EXPECT_EQ(FindHeader(out.headers, "content-encoding"), "gzip");
  EXPECT_EQ(FindHeader(out.headers, "etag"), "W/\"abc\"");
  EXPECT_EQ(FindHeader(out.headers, "vary"), "Cookie, Accept-Encoding");
  EXPECT_EQ(FindHeader(out.headers, "content-length").data(), nullptr);
  EXPECT_EQ(FindHeader(out.headers, "accept-ranges").data(), nullptr);
  for (const char* digest : {"content-digest", "repr-digest", "digest", "content-md5"}) {
    EXPECT_EQ(FindHeader(out.headers, digest).data(), nullptr) << digest << " is of the bytes before";
  }
  EXPECT_EQ(out.framing, Framing::kUntilClose);
  EXPECT_EQ(FindHeader(Respond(store, {{"Content-Type", "text/css"}, {"ETag", "W/\"x\""}}).headers, "etag"), "W/\"x\"");
}

TEST(Compressing, VaryAlsoStandsOnWhatThisClientGetsPlain) {
  TextStore store;
  codec::RequestHead request;
  request.method = "GET";
  ResponseShape shape{200, Framing::kLength, 1000};
  std::vector<codec::Header> headers = {{"Content-Type", "text/css"}};
  EXPECT_EQ(Make().Start(request, shape, store, headers), nullptr);
  EXPECT_EQ(FindHeader(headers, "vary"), "Accept-Encoding");
}

TEST(Compressing, IsBoundedInStreams) {
  TextStore store;
  const Compression compression = Make(2);
  codec::RequestHead request;
  request.method = "GET";
  request.headers = {{"Accept-Encoding", "gzip"}};
  const auto start = [&] {
    ResponseShape shape{200, Framing::kLength, 1000};
    std::vector<codec::Header> headers = {{"Content-Type", "text/css"}};
    return compression.Start(request, shape, store, headers);
  };
  auto first = start();
  const auto second = start();
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(start(), nullptr);
  first.reset();
  EXPECT_NE(start(), nullptr);
}

}  // namespace
}  // namespace switchyard::agent::policy
