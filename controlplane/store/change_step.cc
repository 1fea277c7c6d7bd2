#include "controlplane/store/change_step.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <string>
#include <utility>

#include "common/config/resource_key.h"

namespace switchyard::controlplane::store {
namespace {

// What one transaction does to one resource.
struct Edit {
  // Null: delete.
  const v1::Resource* upsert = nullptr;
  v1::Change::Action action = v1::Change::ACTION_UNSPECIFIED;
};
using Edits = std::map<Catalog::Key, Edit>;

std::string MeaningOf(const v1::Resource& resource) {
  v1::Resource plain = resource;
  plain.clear_generation();
  plain.clear_updated();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    plain.SerializeToCodedStream(&coded);
  }
  return bytes;
}

std::string Name(const Catalog::Key& key) { return fmt::format("{}/{}", config::KindName(key.first), key.second); }

absl::Status AddEdit(Edits& edits, Catalog::Key key, Edit edit) {
  if (key.first == v1::KIND_UNSPECIFIED) return absl::InvalidArgumentError(fmt::format("resource \"{}\" has no kind", key.second));
  if (key.second.empty()) return absl::InvalidArgumentError(fmt::format("a resource of kind {} has no name", config::KindName(key.first)));
  const auto [at, fresh] = edits.emplace(std::move(key), edit);
  if (!fresh) return absl::InvalidArgumentError(fmt::format("{} stands twice in one change", Name(at->first)));
  return absl::OkStatus();
}

absl::StatusOr<Edits> Collect(const Transaction& transaction) {
  Edits edits;
  for (const v1::Resource& resource : transaction.upserts) {
    if (auto added = AddEdit(edits, {config::KindOf(resource), resource.name()}, {&resource}); !added.ok()) return added;
  }
  for (const v1::ResourceKey& key : transaction.deletes) {
    if (auto added = AddEdit(edits, {key.kind(), key.name()}, {}); !added.ok()) return added;
  }
  return edits;
}

// Fills in the actions; returns whether anything changes.
absl::StatusOr<bool> Judge(const Catalog& now, Edits& edits) {
  bool any = false;
  for (auto& [key, edit] : edits) {
    const auto stored = now.resources.find(key);
    const bool exists = stored != now.resources.end();
    if (edit.upsert == nullptr) {
      if (!exists) return absl::NotFoundError(fmt::format("{} does not exist", Name(key)));
      edit.action = v1::Change::ACTION_DELETED;
    } else if (!exists) {
      edit.action = v1::Change::ACTION_CREATED;
    } else {
      const bool same = MeaningOf(*stored->second) == MeaningOf(*edit.upsert);
      edit.action = same ? v1::Change::ACTION_UNCHANGED : v1::Change::ACTION_UPDATED;
    }
    any = any || edit.action != v1::Change::ACTION_UNCHANGED;
  }
  return any;
}

void AddChange(v1::HistoryEntry& entry, const Catalog::Key& key, v1::Change::Action action) {
  v1::Change& change = *entry.add_changes();
  change.mutable_key()->set_kind(key.first);
  change.mutable_key()->set_name(key.second);
  change.set_action(action);
}

void SetTime(google::protobuf::Timestamp& out, WallTime time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((since - seconds).count()));
}

v1::HistoryEntry MakeEntry(std::uint64_t generation, const Transaction& transaction) {
  v1::HistoryEntry entry;
  entry.set_generation(generation);
  SetTime(*entry.mutable_time(), transaction.time);
  entry.set_author(transaction.author);
  entry.set_reason(transaction.reason);
  return entry;
}

void MakeNext(const Catalog& now, const Edits& edits, ChangeStep& step) {
  auto next = std::make_shared<Catalog>(now);
  next->generation = step.record.entry.generation();
  for (const auto& [key, edit] : edits) {
    if (edit.action == v1::Change::ACTION_UNCHANGED) continue;
    AddChange(step.record.entry, key, edit.action);
    if (edit.action == v1::Change::ACTION_DELETED) {
      next->resources.erase(key);
      continue;
    }
    auto resource = std::make_shared<v1::Resource>(*edit.upsert);
    resource->set_generation(next->generation);
    *resource->mutable_updated() = step.record.entry.time();
    step.record.resources.push_back(*resource);
    next->resources[key] = std::move(resource);
  }
  step.next = std::move(next);
}

}  // namespace

absl::StatusOr<ChangeStep> ApplyTransaction(const Catalog& now, const Transaction& transaction) {
  if (transaction.expected_generation.has_value() && *transaction.expected_generation != now.generation) {
    return absl::AbortedError(fmt::format("expected generation {}, but the newest is {}: another writer was faster; read again and retry",
                                          *transaction.expected_generation, now.generation));
  }
  auto edits = Collect(transaction);
  if (!edits.ok()) return edits.status();
  auto changes = Judge(now, *edits);
  if (!changes.ok()) return changes.status();
  ChangeStep step;
  step.answer = MakeEntry(*changes ? now.generation + 1 : now.generation, transaction);
  step.record.entry = step.answer;
  for (const auto& [key, edit] : *edits) AddChange(step.answer, key, edit.action);
  if (*changes) MakeNext(now, *edits, step);
  return step;
}

}  // namespace switchyard::controlplane::store
