// Goal: what is sealed is read back by the same key and for the same purpose only, and any change is noticed. Method: every byte flipped once.
#include "common/tls/seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/harness/temp_dir.h"

namespace switchyard::tls {
namespace {

TEST(Seal, GivesBackWhatWasSealedForTheSamePurpose) {
  const Seal seal(std::string(32, 'k'));
  for (const std::string& text : {std::string(), std::string("secret"), std::string(100'000, 's')}) {
    const auto sealed = seal.Close(text, "a");
    ASSERT_TRUE(sealed.ok());
    EXPECT_TRUE(Seal::IsSealed(*sealed));
    EXPECT_TRUE(text.empty() || sealed->find(text.substr(0, 6)) == std::string::npos);
    EXPECT_EQ(*seal.Reveal(*sealed, "a"), text);
    EXPECT_EQ(seal.Reveal(*sealed, "b").status().code(), absl::StatusCode::kDataLoss) << "put in another one's place";
    EXPECT_EQ(Seal(std::string(32, 'x')).Reveal(*sealed, "a").status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_NE(*seal.Close("same", "a"), *seal.Close("same", "a"));
  EXPECT_FALSE(Seal::IsSealed("\x0a\x03web"));
}

TEST(Seal, NoticesEveryChange) {
  const Seal seal(std::string(32, 'k'));
  const std::string sealed = *seal.Close("secret", "a");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(seal.Reveal(changed, "a").ok()) << i;
    EXPECT_FALSE(seal.Reveal(std::string_view(sealed).substr(0, i), "a").ok()) << i;
  }
}

TEST(Seal, KeepsItsKeyInAFileThatOnlyTheOwnerReads) {
  const harness::TempDir directory;
  const std::string path = directory.Sub("seal.key");
  EXPECT_EQ(Seal::Open(path, /*may_make=*/false).status().code(), absl::StatusCode::kNotFound);
  const auto made = Seal::Open(path, /*may_make=*/true);
  ASSERT_TRUE(made.ok()) << made.status();
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  const auto again = Seal::Open(path, /*may_make=*/true);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*(*again)->Reveal(*(*made)->Close("x", "a"), "a"), "x");
  directory.Write("broken", "not a key\n");
  ASSERT_EQ(chmod(directory.Sub("broken").c_str(), 0600), 0);
  EXPECT_EQ(Seal::Open(directory.Sub("broken"), true).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace switchyard::tls
