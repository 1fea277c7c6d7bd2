// What the crash test writes: for each generation a transaction that is known from the seed and the generation alone, so that a reader can
// say exactly what a catalog of generation g must hold.
//
// Generation g rewrites between 2 and 9 of 16 slots, a route and an upstream each, both stamped with g. A catalog is right when each slot
// carries the newest generation that touched it, and its route and upstream agree: half a transaction would leave a pair that does not.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/base/random.h"
#include "controlplane/store/rocksdb_store.h"
#include "controlplane/store/store.h"

namespace switchyard::controlplane::store {

inline constexpr std::size_t kSlots = 16;

// Small, so that memtables are flushed, logs are cut and history is trimmed within a few hundred generations.
inline RocksdbOptions CrashOptions() {
  RocksdbOptions options;
  options.history = {.generations = 100, .bytes = 1 << 20};
  options.write_buffer_bytes = 64 << 10;
  options.max_log_bytes = 256 << 10;
  return options;
}

// Which slots generation `g` rewrites.
inline std::array<bool, kSlots> SlotsOf(std::uint64_t seed, std::uint64_t g) {
  Random random(seed * 1'000'003 + g);
  std::array<bool, kSlots> slots{};
  const std::uint64_t count = 2 + random.Below(8);
  for (std::uint64_t i = 0; i < count; ++i) slots[random.Below(kSlots)] = true;
  return slots;
}

inline Transaction CrashTransaction(std::uint64_t seed, std::uint64_t g) {
  Random random(seed * 7 + g);
  const std::array<bool, kSlots> slots = SlotsOf(seed, g);
  const std::string stamp = std::to_string(g);
  Transaction transaction;
  transaction.author = "writer";
  transaction.reason = stamp;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (!slots[slot]) continue;
    v1::Resource route;
    route.set_name("slot-" + std::to_string(slot));
    (*route.mutable_labels())["stamp"] = stamp;
    route.mutable_route();
    v1::Resource upstream = route;
    upstream.mutable_upstream();
    // Some transactions are larger than a page, some than a memtable.
    (*upstream.mutable_labels())["padding"] = std::string(random.Below(random.Below(20) == 0 ? 40000 : 600), 'p');
    transaction.upserts.push_back(std::move(route));
    transaction.upserts.push_back(std::move(upstream));
  }
  return transaction;
}

}  // namespace switchyard::controlplane::store
