// Each answer is fed whole and then in small pieces: the verdict must not depend on how the network cut it. The HTTP/2 side talks to the server
// side of the same codec, which has a conformance suite of its own.
#include "agent/health/probe_dialogue.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::health {
namespace {

using Kind = ProbeSpec::Kind;

ProbeSpec Http(const std::string& text = "") {
  ProbeSpec spec;
  spec.kind = Kind::kHttp;
  spec.path = "/healthz";
  spec.host = "web.local";
  spec.expected_text = text;
  return spec;
}

// The verdict on `bytes`, and on the end of the connection if they leave it open.
std::string Judge(const ProbeSpec& spec, const std::string& bytes, std::size_t piece) {
  const auto dialogue = MakeProbeDialogue(spec, false);
  (void)dialogue->Say();
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (const auto result = dialogue->Hear(std::string_view(bytes).substr(at, piece))) {
      return (result->verdict == ProbeVerdict::kOk ? "ok: " : "failed: ") + result->reason;
    }
  }
  return "open, then " + dialogue->Ended().reason;
}

void Expect(const ProbeSpec& spec, const std::string& bytes, const std::string& verdict) {
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    EXPECT_EQ(Judge(spec, bytes, piece), verdict) << bytes << " in pieces of " << piece;
  }
}

TEST(ProbeDialogue, AsksWithItsOwnHeaders) {
  ProbeSpec spec = Http();
  spec.headers = {{"authorization", "Bearer x"}};
  EXPECT_EQ(MakeProbeDialogue(spec, false)->Say(),
            "GET /healthz HTTP/1.1\r\nHost: web.local\r\nUser-Agent: switchyard-health\r\nAccept: */*\r\nConnection: close\r\n"
            "authorization: Bearer x\r\n\r\n");
}

TEST(ProbeDialogue, ReadsTheStatus) {
  Expect(Http(), "HTTP/1.1 200 OK\r\n\r\n", "ok: status 200");
  Expect(Http(), "HTTP/1.0 503 Service Unavailable\r\nX: y\r\n\r\n", "failed: status 503");
  Expect(Http(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "open, then connection closed before a response");
}

TEST(ProbeDialogue, SkipsInterimResponses) {
  Expect(Http(), "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "ok: status 200");
}

TEST(ProbeDialogue, InterimResponsesHaveAnEnd) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
  std::string bytes;
  for (int i = 0; i < ProbeDialogue::kMaxInterim; ++i) bytes += interim;
  Expect(Http(), bytes + "HTTP/1.1 200 OK\r\n\r\n", "ok: status 200");
  Expect(Http(), bytes + interim, "failed: too many interim responses");
}

TEST(ProbeDialogue, RefusesWhatIsNoResponse) {
  Expect(Http(), "SSH-2.0-OpenSSH_9.2\r\n", "failed: not an HTTP/1 response");
  Expect(Http(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "failed: not an HTTP/1 response");
  const auto endless = MakeProbeDialogue(Http(), false);
  EXPECT_TRUE(endless->Hear("HTTP/1.1 200 " + std::string(20'000, 'x')).has_value());
}

TEST(ProbeDialogue, LooksForTextInABodyOfEachFraming) {
  const ProbeSpec spec = Http("ready");
  Expect(spec, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nall ready!!", "ok: status 200");
  Expect(spec, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nre\r\n3\r\nady\r\n0\r\n\r\n", "ok: status 200");
  Expect(spec, "HTTP/1.0 200 OK\r\n\r\nnot yet", "open, then status 200, but the body does not contain the expected text");
  Expect(spec, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nready", "failed: status 200, but the body does not contain the expected text");
  Expect(spec, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "failed: not an HTTP/1 response");
  Expect(spec, "HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nready", "failed: status 500");
  Expect(spec, "HTTP/1.1 200 OK\r\n\r\n" + std::string(ProbeDialogue::kMaxBytes, ' ') + "ready",
         "failed: status 200, but the body does not contain the expected text");
}

TEST(ProbeDialogue, TalksOverTcp) {
  ProbeSpec spec;
  EXPECT_EQ(MakeProbeDialogue(spec, false), nullptr) << "nothing to say: being connected is the probe";
  spec.send = "PING\r\n";
  spec.expected_text = "+PONG";
  EXPECT_EQ(MakeProbeDialogue(spec, false)->Say(), "PING\r\n");
  Expect(spec, "hello +PONG\r\n", "ok: expected text came");
  Expect(spec, "-ERR\r\n", "open, then connection closed before the expected text came");
}

// Answers the one request of a probe.
class Peer final : private codec::H2Session::Owner, private codec::H2Stream {
 public:
  Peer(std::uint16_t status, std::string answer, codec::Trailers trailers)
      : status_(status), body_(std::move(answer)), trailers_(std::move(trailers)), session_(codec::H2Session::Side::kServer, *this, {}, {}, out_) {}

  std::string Take(std::string_view bytes) {
    EXPECT_EQ(session_.Feed(bytes, TimePoint()), Cause::kNone);
    session_.Pump(100'000);
    return std::exchange(out_, {});
  }
  std::string request;
  std::string body;
  int interim = 0;

 private:
  codec::H2Stream* OnNewStream(codec::StreamId) override { return this; }
  void OnGoaway(codec::StreamId, codec::H2Error) override {}
  void OnSettings() override {}
  void OnFault(Cause) override { ADD_FAILURE(); }
  void OnFields(codec::H2Fields& fields, bool, bool ends) override {
    request = std::string(fields.pseudo(codec::H2Fields::kMethod)) + " " + std::string(fields.pseudo(codec::H2Fields::kAuthority)) +
              std::string(fields.pseudo(codec::H2Fields::kPath));
    if (ends) Answer();
  }
  void OnData(std::string_view data) override { body.append(data); }
  void OnEnd() override { Answer(); }
  void OnDrained() override {}
  void OnSent() override {}
  void OnClosed(codec::H2Error, Cause) override {}

  void Answer() {
    for (int i = 0; i < interim; ++i) session_.Respond(*this, 103, {}, std::nullopt, false);
    session_.Respond(*this, status_, {}, std::nullopt, false);
    if (!body_.empty()) session_.Write(*this, body_, 100'000);
    session_.End(*this, trailers_.empty() ? nullptr : &trailers_);
  }

  const std::uint16_t status_;
  const std::string body_;
  const codec::Trailers trailers_;
  std::string out_;
  codec::H2Session session_;
};

std::string Talk(const ProbeSpec& spec, Peer& peer) {
  const auto dialogue = MakeProbeDialogue(spec, true);
  for (int turn = 0; turn < 5; ++turn) {
    const std::string answer = peer.Take(dialogue->Say());
    for (std::size_t at = 0; at < answer.size(); at += 7) {
      const auto result = dialogue->Hear(std::string_view(answer).substr(at, 7));
      if (result) return (result->verdict == ProbeVerdict::kOk ? "ok: " : "failed: ") + result->reason;
    }
  }
  return "open";
}

std::string HealthAnswer(char status) { return std::string("\0\0\0\0\2\x08", 6) + status; }

ProbeSpec Grpc(const std::string& service = "") {
  ProbeSpec spec;
  spec.kind = Kind::kGrpc;
  spec.host = "web.local";
  spec.service = service;
  return spec;
}

TEST(ProbeDialogue, GetsOverHttp2) {
  Peer good(200, "all ready", {});
  EXPECT_EQ(Talk(Http("ready"), good), "ok: status 200");
  EXPECT_EQ(good.request, "GET web.local/healthz");
  Peer other(200, "not yet", {});
  EXPECT_EQ(Talk(Http("ready"), other), "failed: status 200, but the body does not contain the expected text");
  Peer chatty(200, "all ready", {});
  chatty.interim = ProbeDialogue::kMaxInterim;
  EXPECT_EQ(Talk(Http(), chatty), "ok: status 200");
  Peer endless(200, "all ready", {});
  endless.interim = ProbeDialogue::kMaxInterim + 1;
  EXPECT_EQ(Talk(Http(), endless), "failed: too many interim responses");
  Peer bad(503, "", {});
  EXPECT_EQ(Talk(Http(), bad), "failed: status 503");
}

TEST(ProbeDialogue, AsksTheHealthServiceOfGrpc) {
  Peer serving(200, HealthAnswer(1), {{"grpc-status", "0"}});
  EXPECT_EQ(Talk(Grpc("shop.Cart"), serving), "ok: SERVING");
  EXPECT_EQ(serving.request, "POST web.local/grpc.health.v1.Health/Check");
  EXPECT_EQ(serving.body, std::string("\0\0\0\0\x0b\x0a\x09shop.Cart", 16));
  Peer not_serving(200, HealthAnswer(2), {{"grpc-status", "0"}});
  EXPECT_EQ(Talk(Grpc(), not_serving), "failed: NOT_SERVING");
  Peer empty(200, std::string(5, '\0'), {{"grpc-status", "0"}});
  EXPECT_EQ(Talk(Grpc(), empty), "failed: UNKNOWN");
  Peer unknown(200, "", {{"grpc-status", "12"}, {"grpc-message", "no such method"}});
  EXPECT_EQ(Talk(Grpc(), unknown), "failed: grpc-status 12 no such method");
  Peer torn(200, "\x01", {{"grpc-status", "0"}});
  EXPECT_EQ(Talk(Grpc(), torn), "failed: not an answer of grpc.health.v1");
  Peer http(404, "", {});
  EXPECT_EQ(Talk(Grpc(), http), "failed: status 404 instead of a gRPC answer");
}

TEST(ProbeDialogue, RefusesWhatIsNotHttp2) {
  const auto dialogue = MakeProbeDialogue(Grpc(), true);
  const auto result = dialogue->Hear("HTTP/1.1 400 Bad Request\r\n\r\n");
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->reason, "not an HTTP/2 answer");
}

}  // namespace
}  // namespace switchyard::agent::health
