// Any bytes must come out as valid JSON: escapes, broken UTF-8 and numbers that JSON does not have.
#include "common/observe/json_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace switchyard::observe {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonDemands) {
  EXPECT_EQ(Json("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(Json(std::string_view("\x01\x1f\x7f\0", 4)), R"("\u0001\u001f\u007f\u0000")");
}

TEST(JsonText, KeepsWellFormedUtf8) { EXPECT_EQ(Json("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""); }

TEST(JsonText, ReplacesBrokenUtf8) {
  const std::string replaced = "\"\xEF\xBF\xBD\"";
  EXPECT_EQ(Json("\xFF"), replaced);
  EXPECT_EQ(Json("\xC3"), replaced);
  EXPECT_EQ(Json("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  // A surrogate half.
  EXPECT_EQ(Json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonText, WritesObjectsAndArrays) {
  JsonArray array;
  array.Add("x");
  array.AddRaw("1");
  JsonObject object;
  object.Add("text", "t");
  object.Add("yes", true);
  object.Add("number", -3);
  object.Add("big", std::numeric_limits<std::uint64_t>::max());
  object.Add("half", 0.5);
  object.AddRaw("list", array.Finish());
  EXPECT_EQ(object.Finish(), R"({"text":"t","yes":true,"number":-3,"big":18446744073709551615,"half":0.5,"list":["x",1]})");
}

TEST(JsonText, WritesNumbersThatJsonLacksAsNull) {
  std::string out;
  AppendJsonNumber(out, std::numeric_limits<double>::infinity());
  EXPECT_EQ(out, "null");
}

}  // namespace
}  // namespace switchyard::observe
