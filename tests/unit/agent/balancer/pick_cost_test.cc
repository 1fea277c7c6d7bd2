// Goal: a pick allocates nothing, whatever the balancer. Method: operator new counts while 20,000 picks with starts, ends and reports go
// through the picker over 1,000 backends. The time per pick is tests/bench/pick.cc's.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "agent/balancer/picker.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace switchyard::agent::balancer {
namespace {

class PickCostTest : public testing::TestWithParam<int> {};

TEST_P(PickCostTest, NothingIsAllocated) {
  auto policy = std::make_shared<PickerPolicy>();
  std::vector<Member> members;
  for (std::uint64_t i = 0; i < 1'000; ++i) members.push_back({Mix(i), static_cast<std::uint32_t>(1 + i % 3), i < 900 ? 0U : 1U, i % 2 == 0});
  policy->plan = MakePlan({.kind = static_cast<Kind>(GetParam()), .hash_bound = 1.25, .least_capacity = 0.2, .prefer_local = true}, members);
  std::vector<BackendRecord> records(members.size());
  std::vector<BackendRecord*> pointers;
  for (BackendRecord& record : records) pointers.push_back(&record);
  Random random(1);
  TimePoint now(std::chrono::seconds(10));
  Picker picker(policy, pointers, false, now, random);
  for (std::size_t i = 0; i < members.size(); ++i) picker.SetBasis(i, true, i % 10 != 0);
  picker.Refresh(now);
  const std::uint64_t before = allocations;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::microseconds(50);
    if (picker.RefreshDue(now)) picker.Refresh(now);
    const std::size_t at = picker.Pick(random.Next(), kNone, i % 7 == 0 ? 3 : kNone, now, random);
    ASSERT_LT(at, members.size());
    const Ticket ticket = picker.Started(at, now);
    picker.OnReport(at, {1, 0.01F, 0, now});
    const auto outcome = i % 50 == 0 ? breaker::Outcome::kServerError : breaker::Outcome::kSuccess;
    picker.Ended(at, ticket, {outcome, std::chrono::milliseconds(5)}, now, random);
  }
  EXPECT_EQ(allocations, before);
}

// Three routes, one of which avoids a backend: neither it nor the others allocate.
TEST_P(PickCostTest, NothingIsAllocatedForRoutesEither) {
  auto policy = std::make_shared<PickerPolicy>();
  std::vector<Member> members;
  for (std::uint64_t i = 0; i < 100; ++i) members.push_back({Mix(i), 1, 0, true});
  policy->plan = MakePlan({.kind = static_cast<Kind>(GetParam()), .hash_bound = 1.25, .least_capacity = 0.2}, members);
  std::vector<BackendRecord> records(members.size());
  std::vector<BackendRecord*> pointers;
  for (BackendRecord& record : records) pointers.push_back(&record);
  Random random(1);
  TimePoint now(std::chrono::seconds(10));
  Picker picker(policy, pointers, false, now, random);
  picker.SetSeveralRoutes(true);
  for (std::size_t i = 0; i < members.size(); ++i) picker.SetBasis(i, true, true);
  picker.Refresh(now);
  for (int i = 0; i < 6; ++i) {
    picker.Ended(7, picker.Started(7, now, 1), {breaker::Outcome::kServerError, std::chrono::milliseconds(1)}, now, random, {1, "sick"});
  }
  const std::uint64_t before = allocations;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::microseconds(50);
    if (picker.RefreshDue(now)) picker.Refresh(now);
    const std::uint64_t route = 1 + static_cast<std::uint64_t>(i) % 3;
    const std::size_t at = picker.Pick(random.Next(), kNone, kNone, now, random, route);
    ASSERT_TRUE(at < members.size() && (at != 7 || route != 1));
    const Ticket ticket = picker.Started(at, now, route);
    picker.Ended(at, ticket, {breaker::Outcome::kSuccess, std::chrono::milliseconds(5)}, now, random, {route, "r"});
  }
  EXPECT_EQ(allocations, before);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PickCostTest, testing::Range(0, 9));

}  // namespace
}  // namespace switchyard::agent::balancer
