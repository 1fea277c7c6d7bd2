// Goal: a path that two readers could resolve differently has a fault, and no other path has one. Method: tables.
#include "common/rules/request_path.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdio>
#include <string>
#include <string_view>

namespace switchyard::rules {
namespace {

TEST(RequestPath, OrdinaryPathsHaveNoFault) {
  for (const char* path : {"/", "/a/b/", "/a//b", "/...", "/a/..b", "/.hidden", "/%20", "/100%25", "/%2e%2e%2e", "/%2ea", "/a%c3%A9", "/%252F", "/*"}) {
    EXPECT_EQ(FaultOf(path), PathFault::kNone) << path;
  }
}

TEST(RequestPath, EachFaultIsNamed) {
  const std::pair<const char*, PathFault> cases[] = {
      {"", PathFault::kStart},         {"a", PathFault::kStart},         {"//a", PathFault::kStart},      {"/a\\b", PathFault::kBackslash},
      {"/%", PathFault::kEncoding},    {"/100%", PathFault::kEncoding},  {"/%2", PathFault::kEncoding},   {"/%2/", PathFault::kEncoding},
      {"/%g0", PathFault::kEncoding},  {"/%%41", PathFault::kEncoding},  {"/.", PathFault::kDots},        {"/..", PathFault::kDots},
      {"/a/../b", PathFault::kDots},   {"/%2e", PathFault::kDots},       {"/.%2E/a", PathFault::kDots},   {"/a/%2e%2e", PathFault::kDots},
      {"/a%2Fb", PathFault::kHidden},  {"/a%2fb", PathFault::kHidden},   {"/a%5Cb", PathFault::kHidden},  {"/a%00", PathFault::kHidden}};
  for (const auto& [path, fault] : cases) EXPECT_EQ(FaultOf(path), fault) << path;
}

TEST(RequestPath, TheWorseFaultIsNamedFirst) {
  EXPECT_EQ(FaultOf("/a%2Fb/%"), PathFault::kEncoding);
  EXPECT_EQ(FaultOf("/a%2Fb/.."), PathFault::kDots);
  EXPECT_EQ(FaultOf("//%"), PathFault::kStart);
}

TEST(RequestPath, WhatMeansTheSameIsMadeTheSame) {
  const std::pair<const char*, const char*> cases[] = {
      {"/%61dmin", "/admin"},         {"/%41%5A%7a%30%39", "/AZz09"}, {"/a%2Db%2Ec%5Fd%7E", "/a-b.c_d~"}, {"/caf%c3%a9", "/caf%C3%A9"},
      {"/%61%2fb", "/a%2Fb"},         {"/%2561", "/%2561"},           {"/%25%36%31", "/%2561"},           {"/a%2eb", "/a.b"},
      {"/%40%5B%60%7B%2F", "/%40%5B%60%7B%2F"}, {"/%20a%3a", "/%20a%3A"}};
  for (const auto& [path, plain] : cases) {
    bool loose = false;
    FaultOf(path, &loose);
    EXPECT_EQ(Normalized(path), plain) << path;
    EXPECT_EQ(loose, std::string_view(path) != plain) << path;
    EXPECT_EQ(Normalized(plain), plain) << "once is enough";
  }
  for (const char* path : {"/", "/a/b", "/%", "/%4", "/%g1", "/100%", "/%%"}) EXPECT_EQ(Normalized(path), path);
}

// Every byte, however it is written: normalized alike, and no fault appears or goes by it.
TEST(RequestPath, NormalizingNeverChangesWhatAPathMeans) {
  constexpr const char* kForms[] = {"%02x", "%02X"};
  for (int byte = 0; byte < 256; ++byte) {
    for (const char* form : kForms) {
      char digits[3];
      std::snprintf(digits, sizeof digits, form, static_cast<unsigned>(byte));
      const std::string path = std::string("/a%") + digits + "b";
      char capitals[3];
      std::snprintf(capitals, sizeof capitals, "%02X", static_cast<unsigned>(byte));
      const bool plain = std::isalnum(byte) != 0 || std::string_view("-._~").find(static_cast<char>(byte)) != std::string_view::npos;
      EXPECT_EQ(Normalized(path), plain ? std::string("/a") + static_cast<char>(byte) + "b" : std::string("/a%") + capitals + "b");
      EXPECT_EQ(FaultOf(Normalized(path)), FaultOf(path)) << path;
    }
  }
}

}  // namespace
}  // namespace switchyard::rules
