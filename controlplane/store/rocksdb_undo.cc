#include "controlplane/store/rocksdb_undo.h"

#include <string>

#include "controlplane/store/rocksdb_status.h"

namespace switchyard::controlplane::store {
namespace {

class Inverter final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Inverter(const Rocksdb& database) : database_(database) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice&) override { return Restore(family, key); }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override { return Restore(family, key); }
  rocksdb::WriteBatch& inverse() { return inverse_; }

 private:
  rocksdb::Status Restore(std::uint32_t id, const rocksdb::Slice& key) {
    for (std::size_t i = 0; i < kFamilyCount; ++i) {
      rocksdb::ColumnFamilyHandle* const family = database_.family(static_cast<Family>(i));
      if (family->GetID() != id) continue;
      std::string value;
      const rocksdb::Status read = database_.db().Get({}, family, key, &value);
      if (read.IsNotFound()) return inverse_.Delete(family, key);
      return read.ok() ? inverse_.Put(family, key, value) : read;
    }
    return rocksdb::Status::InvalidArgument("unknown column family");
  }

  const Rocksdb& database_;
  rocksdb::WriteBatch inverse_;
};

}  // namespace

absl::StatusOr<rocksdb::WriteBatch> InverseOf(const rocksdb::WriteBatch& batch, const Rocksdb& database) {
  Inverter inverter(database);
  if (auto walked = batch.Iterate(&inverter); !walked.ok()) return FromRocksdb(walked, "cannot read the store", database.directory());
  return std::move(inverter.inverse());
}

}  // namespace switchyard::controlplane::store
