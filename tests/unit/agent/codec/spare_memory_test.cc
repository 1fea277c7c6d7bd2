// Goal: what is given back is given out again, whatever the order, and never overlaps. Method: blocks of random sizes, filled and checked.
#include "agent/codec/spare_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "common/base/random.h"

namespace switchyard::agent::codec {
namespace {

struct Piece {
  unsigned char* at = nullptr;
  std::size_t size = 0;
  unsigned char filled = 0;
};

Piece Take(std::size_t size, unsigned char filled) {
  Piece piece{static_cast<unsigned char*>(SpareMemory::Take(size)), size, filled};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece.at) % alignof(std::max_align_t), 0U);
  std::memset(piece.at, filled, size);
  return piece;
}

void GiveChecked(const Piece& piece) {
  for (std::size_t i = 0; i < piece.size; ++i) ASSERT_EQ(piece.at[i], piece.filled) << piece.size;
  SpareMemory::Give(piece.at);
}

TEST(SpareMemory, BlocksInUseNeverOverlap) {
  const std::uint64_t seed = 42;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::vector<Piece> held;
  for (int i = 0; i < 50'000; ++i) {
    if (held.size() < 300 && random.Below(2) == 0) {
      held.push_back(Take(random.Below(SpareMemory::kLargest + 200), static_cast<unsigned char>(random.Below(256))));
    } else if (!held.empty()) {
      std::swap(held[random.Below(held.size())], held.back());
      GiveChecked(held.back());
      held.pop_back();
    }
  }
  for (const Piece& piece : held) GiveChecked(piece);
}

TEST(SpareMemory, NothingIsGivenBackToNobody) { SpareMemory::Give(nullptr); }

TEST(SpareMemory, ABlockMayEndOnAnotherThread) {
  const Piece piece = Take(100, 7);
  std::thread([&] { GiveChecked(piece); }).join();
}

TEST(SpareMemory, ListsOfHeadersComeBackEmpty) {
  std::vector<Header> headers = SpareMemory::TakeHeaders();
  headers.push_back({"a", "b"});
  SpareMemory::GiveHeaders(std::move(headers));
  EXPECT_TRUE(SpareMemory::TakeHeaders().empty());
}

TEST(SpareMemory, StringsGrowInIt) {
  SpareString text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>('a' + i % 26);
  EXPECT_EQ(text.size(), 5000U);
  EXPECT_EQ(text[2601], static_cast<char>('a' + 2601 % 26));
}

}  // namespace
}  // namespace switchyard::agent::codec
