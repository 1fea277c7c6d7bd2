#include "controlplane/admin/resource_diff.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "common/config/redaction.h"
#include "common/config/snapshot_digest.h"
#include "common/config/yaml_codec.h"

namespace switchyard::controlplane::admin {
namespace {

std::string TextOf(const v1::Resource* resource) {
  if (resource == nullptr) return {};
  v1::Resource shown = *resource;
  config::Redact(shown);
  return config::ToYaml(shown);
}

std::vector<std::string_view> SortedLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void CountLines(v1::ResourceDiff& diff) {
  const auto before = SortedLines(diff.before()), after = SortedLines(diff.after());
  std::vector<std::string_view> only;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(only));
  diff.set_removed(static_cast<std::uint32_t>(only.size()));
  only.clear();
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(only));
  diff.set_added(static_cast<std::uint32_t>(only.size()));
}

// At the end of a line.
std::string Cut(std::string text) {
  if (text.size() <= kMaxDiffText) return text;
  const auto end = text.rfind('\n', kMaxDiffText);
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text + "# cut here: the rest is too long to show\n";
}

}  // namespace

v1::ResourceDiff DiffOf(const v1::ResourceKey& key, const v1::Resource* before, const v1::Resource* after) {
  v1::ResourceDiff diff;
  *diff.mutable_key() = key;
  diff.set_before(TextOf(before));
  diff.set_after(TextOf(after));
  CountLines(diff);
  diff.set_before(Cut(std::move(*diff.mutable_before())));
  diff.set_after(Cut(std::move(*diff.mutable_after())));
  return diff;
}

std::vector<v1::ResourceDiff> DiffsOf(const store::Catalog& before, const store::Catalog& after, const std::vector<v1::ResourceKey>& keys) {
  std::vector<v1::ResourceDiff> diffs;
  for (const v1::ResourceKey& key : keys) {
    const v1::Resource* old = before.Find(key.kind(), key.name());
    const v1::Resource* now = after.Find(key.kind(), key.name());
    if (old == now || (old != nullptr && now != nullptr && config::CanonicalBytes(*old) == config::CanonicalBytes(*now))) continue;
    if (diffs.size() == kMaxDiffs) break;
    diffs.push_back(DiffOf(key, old, now));
  }
  return diffs;
}

}  // namespace switchyard::controlplane::admin
