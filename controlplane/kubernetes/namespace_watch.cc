#include "controlplane/kubernetes/namespace_watch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "controlplane/kubernetes/slice_json.h"

namespace switchyard::controlplane::kubernetes {
namespace {

constexpr int kOk = 200;
constexpr int kGone = 410;
// A page of an error is read up to here.
constexpr std::size_t kMaxRefusal = 64 << 10;
const Slices kNone;

// For a query's value (RFC 3986 section 2.3).
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

bool Same(const Slices& a, const Slices& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return x.first == y.first && x.second == y.second; });
}

}  // namespace

NamespaceWatch::NamespaceWatch(std::string name, std::uint64_t seed) : name_(std::move(name)), random_(seed), backoff_(kBackoff, seed ^ 1) {}

bool NamespaceWatch::Want(std::set<std::string> services) {
  if (services == wanted_) return false;
  wanted_ = std::move(services);
  const auto unwanted = [&](const auto& service) { return !wanted_.contains(service); };
  std::erase_if(table_, [&](const auto& entry) { return unwanted(entry.first); });
  std::erase_if(known_, unwanted);
  std::erase_if(changed_, unwanted);
  StartOver();
  return true;
}

void NamespaceWatch::StartOver() {
  version_.clear();
  more_.clear();
  listed_.clear();
  listed_slices_ = 0;
}

std::string NamespaceWatch::Selector() const {
  std::string selector = "kubernetes.io/service-name";
  if (wanted_.size() > kMaxNamed) return Escaped(selector);
  selector += " in (";
  for (const std::string& service : wanted_) selector += (selector.back() == '(' ? "" : ",") + service;
  return Escaped(selector + ")");
}

Request NamespaceWatch::Next() {
  http_status_ = 0;
  bytes_.clear();
  is_watch_ = !version_.empty();
  Request request;
  request.path = fmt::format("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices?labelSelector={}", Escaped(name_), Selector());
  if (!is_watch_) {
    request.path += fmt::format("&limit={}", kPage);
    if (!more_.empty()) request.path += "&continue=" + Escaped(more_);
    request.within = kList;
    return request;
  }
  const auto turn = kWatch + std::chrono::seconds(random_.Below(31));
  request.path += fmt::format("&watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}", Escaped(version_), turn / std::chrono::seconds(1));
  request.within = turn + kGrace;
  return request;
}

void NamespaceWatch::OnHead(int http_status) {
  http_status_ = http_status;
  if (is_watch_ && http_status == kOk) error_.clear();
}

absl::Status NamespaceWatch::OnBytes(std::string_view bytes) {
  const std::size_t bound = http_status_ != kOk ? kMaxRefusal : is_watch_ ? kMaxEvent : kMaxAnswer;
  if (!is_watch_ || http_status_ != kOk) {
    if (bytes_.size() + bytes.size() > bound) return absl::ResourceExhaustedError(fmt::format("the API server's answer is larger than {} bytes", bound));
    bytes_.append(bytes);
    return absl::OkStatus();
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (bytes_.size() + std::min(end, bytes.size()) > bound) {
      StartOver();
      return absl::ResourceExhaustedError(fmt::format("a watch event is larger than {} bytes", bound));
    }
    bytes_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) return absl::OkStatus();
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(bytes_, {});
    if (line.empty()) continue;
    if (absl::Status status = OnLine(line); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status NamespaceWatch::OnLine(std::string_view line) {
  absl::StatusOr<WatchEvent> event = ParseWatchEvent(line);
  if (!event.ok()) {
    // An event is lost: only a list tells what there is.
    StartOver();
    return event.status();
  }
  switch (event->kind) {
    case WatchEvent::Kind::kError:
      if (event->code == kGone) StartOver();
      return absl::UnavailableError(fmt::format("the watch ended with {} {}", event->code, event->message));
    case WatchEvent::Kind::kPut:
      Put(table_, std::move(event->slice));
      break;
    case WatchEvent::Kind::kDelete: {
      const auto at = table_.find(event->slice.service);
      if (at != table_.end() && at->second.erase(event->slice.name) > 0) changed_.insert(event->slice.service);
      break;
    }
    case WatchEvent::Kind::kBookmark:
      break;
  }
  version_ = event->version;
  std::size_t slices = 0;
  for (const auto& [service, of_service] : table_) slices += of_service.size();
  if (slices <= kMaxSlices) return absl::OkStatus();
  StartOver();
  return absl::ResourceExhaustedError(fmt::format("namespace {} has more than {} EndpointSlices of the wanted Services", name_, kMaxSlices));
}

void NamespaceWatch::Put(Table& table, EndpointSlice slice) {
  const std::string service = slice.service;
  std::string name = slice.name;
  // One that was given to another Service is no longer the old one's.
  for (auto& [other, slices] : table) {
    if (other != service && slices.erase(name) > 0) changed_.insert(other);
  }
  if (!wanted_.contains(service)) return;
  table[service].insert_or_assign(std::move(name), std::move(slice));
  if (&table == &table_) changed_.insert(service);
}

absl::Status NamespaceWatch::OnPage() {
  absl::StatusOr<SlicePage> page = ParseSlicePage(bytes_);
  if (!page.ok()) return page.status();
  listed_slices_ += page->slices.size();
  if (listed_slices_ > kMaxSlices) {
    return absl::ResourceExhaustedError(fmt::format("namespace {} has more than {} EndpointSlices of the wanted Services", name_, kMaxSlices));
  }
  for (EndpointSlice& slice : page->slices) Put(listed_, std::move(slice));
  more_ = page->more;
  if (!more_.empty()) return absl::OkStatus();
  // Whole: it takes the place of what was known.
  for (const std::string& service : wanted_) {
    if (known_.insert(service).second || !Same(table_[service], listed_[service])) changed_.insert(service);
  }
  table_ = std::move(listed_);
  StartOver();
  version_ = page->version;
  return absl::OkStatus();
}

absl::Status NamespaceWatch::Refused() const {
  const std::string words = StatusMessage(bytes_);
  const std::string_view hint = http_status_ == 401   ? "; is the token still good?"
                                : http_status_ == 403 ? "; its account needs the verbs list and watch on endpointslices (deploy/kubernetes)"
                                                      : "";
  return absl::UnavailableError(fmt::format("the API server answered {}{}{}{}", http_status_, words.empty() ? "" : ": ", words, hint));
}

Duration NamespaceWatch::OnEnd(const absl::Status& transport, Duration took) {
  absl::Status status = transport;
  if (status.ok() && http_status_ != kOk) status = Refused();
  if (http_status_ == kGone) StartOver();
  if (status.ok() && !is_watch_) status = OnPage();
  if (!status.ok() && !is_watch_) StartOver();
  bytes_.clear();
  error_ = status.ok() ? std::string() : std::string(Message(status));
  // A watch that lasted and then broke goes on at once; its list was good.
  if (is_watch_ && took >= kShort) backoff_.Reset();
  if (status.ok() && !is_watch_) {
    backoff_.Reset();
    return Duration::zero();
  }
  if (status.ok() && took >= kShort) return Duration::zero();
  return backoff_.Next();
}

std::set<std::string> NamespaceWatch::TakeChanged() { return std::exchange(changed_, {}); }

const Slices& NamespaceWatch::SlicesOf(const std::string& service) const {
  const auto at = table_.find(service);
  return at == table_.end() ? kNone : at->second;
}

}  // namespace switchyard::controlplane::kubernetes
