// Goal: the server name of a hello is found however the hello is cut into records and segments, and what is no hello is refused as early as it
// can be told. Method: hellos are built by hand and fed byte by byte.
#include "agent/codec/client_hello.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

std::string Number(std::size_t value, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}
std::string Vector(const std::string& data, int width) { return Number(data.size(), width) + data; }
std::string Extension(int type, const std::string& data) { return Number(static_cast<std::size_t>(type), 2) + Vector(data, 2); }
std::string NameExtension(const std::string& name) { return Extension(0, Vector(std::string(1, '\0') + Vector(name, 2), 2)); }

std::string Message(const std::string& extensions, bool with_extensions = true) {
  std::string body = "\x03\x03" + std::string(32, 'r') + Vector(std::string(32, 's'), 1) + Vector("\x13\x01\x13\x02", 2) + Vector(std::string(1, '\0'), 1);
  if (with_extensions) body += Vector(extensions, 2);
  return "\x01" + Vector(body, 3);
}
std::string Record(const std::string& fragment) { return "\x16\x03\x01" + Vector(fragment, 2); }
std::string Hello(const std::string& name) { return Record(Message(Extension(43, "\x02\x03\x04") + NameExtension(name))); }

HelloState Parse(const std::string& bytes, ClientHello& out) { return ParseClientHello(bytes, out); }
HelloState Parse(const std::string& bytes) {
  ClientHello out;
  return ParseClientHello(bytes, out);
}

TEST(ClientHelloTest, GivesTheNameInLowerCaseWithoutTrailingDot) {
  ClientHello hello;
  ASSERT_EQ(Parse(Hello("API.Example.com."), hello), HelloState::kDone);
  EXPECT_EQ(hello.server_name, "api.example.com");
  EXPECT_FALSE(hello.encrypted);
}

TEST(ClientHelloTest, NeedsMoreUntilTheLastByteAndNoByteBeyond) {
  const std::string bytes = Hello("example.com");
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(Parse(bytes.substr(0, size)), HelloState::kNeedMore) << size;
  EXPECT_EQ(Parse(bytes), HelloState::kDone);
  EXPECT_EQ(Parse(bytes + "early data, not looked at"), HelloState::kDone);
}

TEST(ClientHelloTest, IsJoinedFromRecordsOfAnySize) {
  const std::string message = Message(NameExtension("split.example.com"));
  for (std::size_t size = 1; size < message.size(); ++size) {
    std::string bytes;
    for (std::size_t at = 0; at < message.size(); at += size) bytes += Record(message.substr(at, size));
    ClientHello hello;
    ASSERT_EQ(Parse(bytes, hello), HelloState::kDone) << size;
    EXPECT_EQ(hello.server_name, "split.example.com");
    EXPECT_EQ(Parse(bytes.substr(0, bytes.size() - 1)), HelloState::kNeedMore) << size;
  }
}

TEST(ClientHelloTest, WithoutANameIsAHelloToo) {
  ClientHello hello;
  EXPECT_EQ(Parse(Record(Message(Extension(43, "\x02\x03\x04"))), hello), HelloState::kDone);
  EXPECT_EQ(hello.server_name, "");
  EXPECT_EQ(Parse(Record(Message("", /*with_extensions=*/false)), hello), HelloState::kDone);
  EXPECT_EQ(hello.server_name, "");
}

TEST(ClientHelloTest, EncryptedOneGivesItsOuterName) {
  ClientHello hello;
  ASSERT_EQ(Parse(Record(Message(NameExtension("public.example.com") + Extension(0xfe0d, std::string(200, 'e')))), hello), HelloState::kDone);
  EXPECT_EQ(hello.server_name, "public.example.com");
  EXPECT_TRUE(hello.encrypted);
}

TEST(ClientHelloTest, RefusesWhatIsNone) {
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\n"), HelloState::kBad);
  EXPECT_EQ(Parse("\x80\x2e\x01\x03\x01"), HelloState::kBad) << "SSL 2.0";
  EXPECT_EQ(Parse("\x15\x03\x01"), HelloState::kBad) << "an alert";
  EXPECT_EQ(Parse("\x16\x02"), HelloState::kBad) << "version 2.x";
  EXPECT_EQ(Parse(std::string("\x16\x03\x01\x00\x00", 5)), HelloState::kBad) << "an empty record";
  EXPECT_EQ(Parse("\x16\x03\x01\xff\xff"), HelloState::kBad) << "a record beyond 2^14";
  EXPECT_EQ(Parse(Record("\x02")), HelloState::kBad) << "another handshake message";
  EXPECT_EQ(Parse(Record(std::string("\x01\x01\x00\x00", 4))), HelloState::kBad) << "64 KiB of hello";
  EXPECT_EQ(Parse(Record(std::string("\x01\x00\x00\x04", 4) + "\x03\x03xx")), HelloState::kBad) << "a body that stops";
}

TEST(ClientHelloTest, RefusesExtensionsThatDoNotAddUp) {
  const std::string name = NameExtension("a.example.com");
  EXPECT_EQ(Parse(Record(Message(name + name))), HelloState::kBad) << "two names";
  EXPECT_EQ(Parse(Record(Message(name.substr(0, name.size() - 1)))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(name + "x"))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(Extension(0, "")))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(NameExtension("")))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(NameExtension(std::string("a\0b", 3))))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(NameExtension("a b")))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(NameExtension(".a")))), HelloState::kBad);
  EXPECT_EQ(Parse(Record(Message(NameExtension(std::string(256, 'a'))))), HelloState::kBad);
  const std::string twice = std::string(1, '\0') + Vector("a.example", 2);
  EXPECT_EQ(Parse(Record(Message(Extension(0, Vector(twice + twice, 2))))), HelloState::kBad) << "two names in one list";
}

TEST(ClientHelloTest, EndsAtItsBound) {
  const std::string large = Record(Message(Extension(21, std::string(15000, '\0')) + NameExtension("large.example.com")));
  ClientHello hello;
  ASSERT_LT(large.size(), kMaxClientHelloBytes);
  EXPECT_EQ(Parse(large, hello), HelloState::kDone);
  std::string endless;
  const std::string message = Message(Extension(21, std::string(16200, '\0')));
  for (std::size_t at = 0; endless.size() < kMaxClientHelloBytes; ++at) endless += Record(message.substr(at, 1));
  EXPECT_EQ(Parse(endless.substr(0, kMaxClientHelloBytes - 1)), HelloState::kNeedMore);
  EXPECT_EQ(Parse(endless.substr(0, kMaxClientHelloBytes)), HelloState::kBad);
}

}  // namespace
}  // namespace switchyard::agent::codec
