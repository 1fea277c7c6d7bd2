// Goal: gRPC requests are told from others, their timeouts read and written without growing, and every cause has a status.
#include "agent/exchange/grpc.h"

#include <gtest/gtest.h>

#include "agent/exchange/websocket_handshake.h"

namespace switchyard::agent::exchange {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

codec::RequestHead Head(std::string_view name, std::string_view value, std::uint8_t major = 2) {
  codec::RequestHead head;
  head.major_version = major;
  head.headers.push_back({name, value, codec::IdOf(name)});
  return head;
}

TEST(Grpc, IsToldByVersionAndContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;x=y", "Application/GRPC"}) {
    EXPECT_TRUE(IsGrpc(Head("content-type", type))) << type;
    EXPECT_FALSE(IsGrpc(Head("content-type", type, 1))) << type;
  }
  for (const char* type : {"application/grpc-web", "application/json", "application/grp", ""}) EXPECT_FALSE(IsGrpc(Head("content-type", type))) << type;
  EXPECT_FALSE(IsGrpc(codec::RequestHead()));
}

TEST(Grpc, OnlyWhatAServerSaysOfItselfIsAFailure) {
  for (const int code : {2, 13, 15}) EXPECT_EQ(OutcomeOfGrpc(static_cast<std::int16_t>(code)), breaker::Outcome::kServerError) << code;
  EXPECT_EQ(OutcomeOfGrpc(14), breaker::Outcome::kGatewayError);
  for (const int code : {-1, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 99}) {
    EXPECT_EQ(OutcomeOfGrpc(static_cast<std::int16_t>(code)), breaker::Outcome::kSuccess) << code;
  }
}

TEST(Grpc, TimeoutsAreRead) {
  EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", "5S")), Duration(seconds(5)));
  EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", "1H")), Duration(std::chrono::hours(1)));
  EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", "250m")), Duration(milliseconds(250)));
  EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", "0n")), Duration::zero());
  EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", "99999999H")), Duration(std::chrono::hours(24 * 365)));
  for (const char* odd : {"", "5", "S", "123456789S", "-5S", "5s", "5 S", "+5S", "0x5S"}) {
    EXPECT_EQ(GrpcTimeout(Head("grpc-timeout", odd)), std::nullopt) << odd;
  }
}

TEST(Grpc, WrittenTimeoutsNeverGrow) {
  for (const Duration left : {Duration(1), Duration(99'999'999), Duration(100'000'000), Duration(milliseconds(1'234'567)), Duration(seconds(1'000'000))}) {
    const std::string text = FormatGrpcTimeout(left);
    EXPECT_LE(text.size(), 9u) << text;
    const auto read = GrpcTimeout(Head("grpc-timeout", text));
    ASSERT_TRUE(read.has_value()) << text;
    EXPECT_LE(*read, left);
    EXPECT_GE(*read + left / 1000 + Duration(1), left);
  }
  EXPECT_EQ(FormatGrpcTimeout(Duration(-5)), "0n");
}

TEST(Grpc, EveryCauseHasAStatusThatIsAnError) {
  for (const CauseInfo& info : AllCauses()) EXPECT_NE(GrpcStatusOf(info.cause), "0") << info.name;
  EXPECT_EQ(GrpcStatusOf(Cause::kNoRoute), "12");
  EXPECT_EQ(GrpcStatusOf(Cause::kConnectFailed), "14");
  EXPECT_EQ(GrpcStatusOf(Cause::kDeadlineExceeded), "4");
}

TEST(WebSocketHandshake, AnswersTheKeyOfRfc6455) { EXPECT_EQ(WebSocketAcceptOf("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

TEST(WebSocketHandshake, MakesKeysOf16Bytes) {
  Random random(7);
  const std::string key = MakeWebSocketKey(random);
  EXPECT_EQ(key.size(), 24u);
  EXPECT_TRUE(key.ends_with("=="));
  EXPECT_NE(key, MakeWebSocketKey(random));
}

}  // namespace
}  // namespace switchyard::agent::exchange
