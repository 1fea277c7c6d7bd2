// SHA-256 against the vectors of FIPS 180-4, and the hex and comparison that go with it.
#include "common/tls/sha256.h"

#include <gtest/gtest.h>

namespace switchyard::tls {
namespace {

TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(ToHex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha256(std::string(1000000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DigestsPiecesAsTheWhole) {
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("");
  stream.Update("bc");
  EXPECT_EQ(stream.Finish(), Sha256("abc"));
}

TEST(Sha256, StartsAfreshAfterFinish) {
  Sha256Stream stream;
  stream.Update("something");
  stream.Finish();
  EXPECT_EQ(stream.Finish(), Sha256(""));
}

TEST(Hex, ReadsBackWhatItWrote) {
  const std::string bytes("\x00\x7f\x80\xff", 4);
  EXPECT_EQ(ToHex(bytes), "007f80ff");
  EXPECT_EQ(FromHex("007f80FF", 4), bytes);
}

TEST(Hex, RefusesOtherLengthsAndCharacters) {
  EXPECT_EQ(FromHex("00", 2), "");
  EXPECT_EQ(FromHex("0g", 1), "");
  EXPECT_EQ(FromHex("0", 1), "");
}

TEST(ConstantTimeEqual, ComparesLengthAndContent) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("secret", "secret"));
  EXPECT_FALSE(ConstantTimeEqual("secret", "secreT"));
  EXPECT_FALSE(ConstantTimeEqual("secret", "secrets"));
}

}  // namespace
}  // namespace switchyard::tls
