// past_writer DIRECTORY: makes a store whose past holds a generation that nobody could commit today, as one of a version with laxer rules would be:
// generation 1 has an upstream whose backend is no address, generation 2 mends it. Then the controller's own program can be started on it.
#include <cstdio>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "controlplane/store/rocksdb_store.h"

int main(int argc, char** argv) {
  using namespace switchyard;
  if (argc != 2) return 2;
  auto store = controlplane::store::OpenRocksdbStore(argv[1]);
  for (const char* address : {"nowhere at all", "127.0.0.1:80"}) {
    if (!store.ok()) break;
    controlplane::store::Transaction transaction;
    transaction.author = "writer";
    transaction.reason = address;
    v1::Resource upstream;
    upstream.set_name("app");
    upstream.mutable_upstream()->add_backends()->set_address(address);
    transaction.upserts.push_back(std::move(upstream));
    if (const auto entry = (*store)->Commit(transaction); !entry.ok()) store = entry.status();
  }
  if (store.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(Message(store.status())).c_str());
  return 1;
}
