// Goal: variables are found, unknown ones are named. Method: tables with a renderer that writes numbers.
#include "common/rules/value_template.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace switchyard::rules {
namespace {

using Use = ValueTemplate::Use;

std::string Rendered(const std::string& text) {
  const auto parsed = ValueTemplate::Parse(text, Use::kHeader);
  if (!parsed.ok()) return std::string(Message(parsed.status()));
  std::string out;
  parsed->Render([](Variable variable, std::string& to) { to += "<" + std::to_string(static_cast<int>(variable)) + ">"; }, out);
  return out;
}

TEST(ValueTemplate, RendersVariablesAndPercentSigns) {
  EXPECT_EQ(Rendered(""), "");
  EXPECT_EQ(Rendered("plain"), "plain");
  EXPECT_EQ(Rendered("%client_ip%"), "<1>");
  EXPECT_EQ(Rendered("a %client_ip%/%request_id% b"), "a <1>/<2> b");
  EXPECT_EQ(Rendered("100%%"), "100%");
  EXPECT_EQ(Rendered("%%client_ip%%"), "%client_ip%");
}

TEST(ValueTemplate, KnowsWhetherItIsLiteral) {
  EXPECT_TRUE(ValueTemplate::Parse("50%%", Use::kHeader)->is_literal());
  EXPECT_EQ(ValueTemplate::Parse("50%%", Use::kHeader)->Literal(), "50%");
  EXPECT_FALSE(ValueTemplate::Parse("%path%", Use::kHeader)->is_literal());
  EXPECT_TRUE(ValueTemplate::Parse("x%path%", Use::kHeader)->Uses(Variable::kPath));
}

TEST(ValueTemplate, NamesWhatItDoesNotKnow) {
  EXPECT_NE(Rendered("%nope%").find("\"%nope%\", which is not one of %client_ip%"), std::string::npos);
  EXPECT_NE(Rendered("5% off").find("without its second"), std::string::npos);
}

TEST(ValueTemplate, PagesTakeOnlyWhatCannotHoldMarkup) {
  EXPECT_TRUE(ValueTemplate::Parse("%status% %cause% %request_id%", Use::kPage).ok());
  EXPECT_FALSE(ValueTemplate::Parse("%path%", Use::kPage).ok());
  EXPECT_FALSE(ValueTemplate::Parse("%host%", Use::kPage).ok());
}

}  // namespace
}  // namespace switchyard::rules
