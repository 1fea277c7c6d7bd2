#include "controlplane/admin/history_handler.h"

#include <fmt/format.h>

#include "common/config/redaction.h"
#include "controlplane/admin/list_handler.h"
#include "controlplane/admin/page.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr std::size_t kDefaultPage = 50;
constexpr std::size_t kMostPage = 1000;
constexpr std::size_t kPart = 20;
constexpr std::string_view kVerb = "history";

absl::StatusOr<v1::HistoryResponse> One(const store::Store& store, std::uint64_t generation) {
  auto change = store.ChangeAt(generation);
  if (!change.ok()) return change.status();
  v1::HistoryResponse response;
  *response.add_entries() = std::move(change->entry);
  for (auto& resource : change->resources) *response.add_resources() = std::move(resource);
  config::Redact(*response.mutable_resources());
  return response;
}

// Generations below this; 0: from the newest.
absl::StatusOr<std::uint64_t> Before(const v1::HistoryRequest& request) {
  if (request.page_token().empty()) return 0;
  auto parts = ParsePageToken(kVerb, request.page_token(), 1);
  if (!parts.ok()) return parts.status();
  return ParseNumber(parts->front());
}

}  // namespace

absl::StatusOr<v1::HistoryResponse> HandleHistory(const store::Store& store, const v1::HistoryRequest& request) {
  if (request.generation() != 0) return One(store, request.generation());
  const auto before = Before(request);
  if (!before.ok()) return before.status();
  const std::size_t size = PageSize(request.page_size(), kDefaultPage, kMostPage);
  v1::HistoryResponse response;
  std::uint64_t below = *before;
  std::size_t bytes = 0;
  while (true) {
    // In parts: a thousand entries of large changes at once would need a lot of memory for a page that holds few of them.
    auto entries = store.History(below, kPart);
    if (!entries.ok()) return entries.status();
    for (auto& entry : *entries) {
      const std::size_t more = entry.ByteSizeLong();
      const bool full = static_cast<std::size_t>(response.entries_size()) == size || (bytes > 0 && bytes + more > kMaxPageBytes);
      if (full) {
        response.set_next_page_token(MakePageToken(kVerb, {fmt::to_string(below)}));
        return response;
      }
      bytes += more;
      below = entry.generation();
      *response.add_entries() = std::move(entry);
    }
    if (entries->size() < kPart) return response;
  }
}

}  // namespace switchyard::controlplane::admin
