// Goal: forms of the dashboard's pages are read, and no bytes of strangers do harm. Method: tables.
#include "controlplane/dashboard/form.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::dashboard {
namespace {

TEST(Form, ReadsFieldsAndEscapes) {
  const auto form = ParseForm("yaml=kind%3A+Upstream%0A&dry_run=true&empty=&bare&&caf%C3%A9=1");
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(FieldOf(*form, "yaml"), "kind: Upstream\n");
  EXPECT_EQ(FieldOf(*form, "dry_run"), "true");
  EXPECT_EQ(FieldOf(*form, "empty"), "");
  EXPECT_EQ(FieldOf(*form, "caf\xc3\xa9"), "1");
  EXPECT_EQ(FieldOf(*form, "absent"), "");
  EXPECT_EQ(form->size(), 5u);
}

TEST(Form, RefusesBrokenEscapesRepetitionsAndTooMany) {
  for (const char* text : {"a=%", "a=%2", "a=%zz", "a=%2g", "a=1&a=2", "%=1"}) EXPECT_FALSE(ParseForm(text).has_value()) << text;
  std::string many;
  for (int i = 0; i < 40; ++i) many += "f" + std::to_string(i) + "=1&";
  EXPECT_FALSE(ParseForm(many).has_value());
  EXPECT_TRUE(ParseForm("").has_value());
}

}  // namespace
}  // namespace switchyard::controlplane::dashboard
