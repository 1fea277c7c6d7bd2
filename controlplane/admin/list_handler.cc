#include "controlplane/admin/list_handler.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/redaction.h"
#include "controlplane/admin/page.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr std::size_t kDefaultPage = 500;
constexpr std::size_t kMostPage = 5000;
constexpr std::string_view kVerb = "list";

using Catalog = store::Catalog;

bool HasLabels(const v1::Resource& resource, const google::protobuf::Map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto it = resource.labels().find(label.first);
    return it != resource.labels().end() && it->second == label.second;
  });
}

// Where the page begins.
absl::StatusOr<decltype(Catalog::resources)::const_iterator> FirstOfPage(const Catalog& catalog, const v1::ListRequest& request) {
  if (request.page_token().empty()) return catalog.resources.lower_bound(Catalog::Key(request.kind(), ""));
  auto parts = ParsePageToken(kVerb, request.page_token(), 2);
  if (!parts.ok()) return parts.status();
  const auto kind = ParseNumber((*parts)[0]);
  if (!kind.ok() || !v1::Kind_IsValid(static_cast<int>(std::min<std::uint64_t>(*kind, INT32_MAX)))) {
    return absl::InvalidArgumentError("page_token names an unknown kind");
  }
  return catalog.resources.upper_bound(Catalog::Key(static_cast<v1::Kind>(*kind), (*parts)[1]));
}

}  // namespace

absl::StatusOr<v1::ListResponse> HandleList(const store::Store& store, const v1::ListRequest& request) {
  const auto catalog = store.Read();
  auto it = FirstOfPage(*catalog, request);
  if (!it.ok()) return it.status();
  const std::size_t size = PageSize(request.page_size(), kDefaultPage, kMostPage);
  v1::ListResponse response;
  response.set_generation(catalog->generation);
  std::size_t bytes = 0;
  std::string last;
  for (; *it != catalog->resources.end(); ++*it) {
    const auto& [key, resource] = **it;
    if (request.kind() != v1::KIND_UNSPECIFIED && key.first != request.kind()) break;
    if (!HasLabels(*resource, request.match_labels())) continue;
    const std::size_t more = resource->ByteSizeLong();
    const bool full = static_cast<std::size_t>(response.resources_size()) >= size || (bytes > 0 && bytes + more > kMaxPageBytes);
    if (full) {
      response.set_next_page_token(last);
      break;
    }
    config::Redact(*response.add_resources() = *resource);
    bytes += more;
    last = MakePageToken(kVerb, {fmt::to_string(static_cast<int>(key.first)), key.second});
  }
  return response;
}

}  // namespace switchyard::controlplane::admin
