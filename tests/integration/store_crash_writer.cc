// store_crash_writer DIRECTORY SEED: commits to the store in DIRECTORY for ever, and writes each acknowledged generation to standard output
// as 8 bytes, after the commit. Meant to be killed. The transactions are those of crash_workload.h.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/base/status.h"
#include "controlplane/store/rocksdb_store.h"
#include "tests/integration/crash_workload.h"

int main(int argc, char** argv) {
  using namespace switchyard::controlplane::store;
  if (argc != 3) return 2;
  auto store = OpenRocksdbStore(argv[1], CrashOptions());
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", std::string(switchyard::Message(store.status())).c_str());
    return 1;
  }
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  // A record goes with every fifth generation; one that a kill left without is made up for now.
  const auto acknowledge = [&](std::uint64_t generation) {
    const std::string text = std::to_string(generation / 5 * 5);
    return (*store)->PutRecord("acknowledged", "generation", text, std::nullopt).ok();
  };
  const auto say = [](std::uint64_t generation) { return ::write(STDOUT_FILENO, &generation, sizeof(generation)) == sizeof(generation); };
  // The first number tells that the store is open.
  if (const std::uint64_t found = (*store)->Read()->generation; !acknowledge(found) || !say(found)) return 1;
  for (;;) {
    const auto catalog = (*store)->Read();
    const auto entry = (*store)->Commit(CrashTransaction(seed, catalog->generation + 1));
    if (!entry.ok()) {
      std::fprintf(stderr, "%s\n", std::string(switchyard::Message(entry.status())).c_str());
      return 1;
    }
    if (entry->generation() % 5 == 0 && !acknowledge(entry->generation())) return 1;
    if (!say(entry->generation())) return 1;
  }
}
