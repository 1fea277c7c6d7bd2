#include "controlplane/kubernetes/slice_json.h"

#include <fmt/format.h>

// Header-only: this is the one file that compiles it.
#include <boost/json/src.hpp>

#include <utility>

namespace switchyard::controlplane::kubernetes {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxEndpoints = 5'000;
constexpr std::size_t kMaxPorts = 100;
constexpr std::size_t kMaxWords = 300;
constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

absl::Status Odd(std::string_view what) { return absl::InvalidArgumentError(fmt::format("the API server's answer: {}", what)); }

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The members of one object. The first field of a wrong type is remembered and ends the reading in Status().
class Fields {
 public:
  Fields(const json::value* value, absl::Status& wrong) : wrong_(wrong) {
    if (value == nullptr || value->is_null()) return;
    object_ = value->if_object();
    if (object_ == nullptr) Complain("an object is expected");
  }

  const json::value* Get(std::string_view name) const { return object_ == nullptr ? nullptr : object_->if_contains(View(name)); }
  Fields Object(std::string_view name) const { return {Get(name), wrong_}; }
  std::string Text(std::string_view name) const {
    const json::value* value = Get(name);
    if (value == nullptr || value->is_null()) return {};
    const json::string* text = value->if_string();
    if (text == nullptr) return Complain(fmt::format("`{}` is not a string", name)), std::string();
    return {text->data(), text->size()};
  }
  bool Flag(std::string_view name, bool absent) const {
    const json::value* value = Get(name);
    if (value == nullptr || value->is_null()) return absent;
    const bool* flag = value->if_bool();
    if (flag == nullptr) return Complain(fmt::format("`{}` is not true or false", name)), absent;
    return *flag;
  }
  // 0: absent.
  std::uint32_t Number(std::string_view name, std::uint32_t most) const {
    const json::value* value = Get(name);
    if (value == nullptr || value->is_null()) return 0;
    json::error_code error;
    const auto number = value->to_number<std::uint32_t>(error);
    if (error || number > most) return Complain(fmt::format("`{}` is not a number up to {}", name, most)), 0;
    return number;
  }
  // Calls `take` with each element; a list that is longer is odd.
  template <class Take>
  void Each(std::string_view name, std::size_t most, const Take& take) const {
    const json::value* value = Get(name);
    if (value == nullptr || value->is_null()) return;
    const json::array* list = value->if_array();
    if (list == nullptr) return Complain(fmt::format("`{}` is not a list", name));
    if (list->size() > most) return Complain(fmt::format("`{}` has {} entries; at most {}", name, list->size(), most));
    for (const json::value& one : *list) take(one);
  }
  void Complain(std::string_view what) const {
    if (wrong_.ok()) wrong_ = Odd(what);
  }

 private:
  const json::object* object_ = nullptr;
  absl::Status& wrong_;
};

absl::StatusOr<json::value> Parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(View(text), error, {}, options);
  if (error) return Odd(fmt::format("is not JSON ({})", error.message()));
  return value;
}

SliceEndpoint EndpointOf(const json::value& value, absl::Status& wrong) {
  const Fields fields(&value, wrong);
  SliceEndpoint out;
  fields.Each("addresses", kMaxPorts, [&](const json::value& address) {
    if (!address.is_string()) return fields.Complain("an address is not a string");
    if (out.address.empty()) out.address = address.get_string();
  });
  const Fields conditions = fields.Object("conditions");
  out.ready = conditions.Flag("ready", true);
  out.serving = conditions.Flag("serving", out.ready);
  out.terminating = conditions.Flag("terminating", false);
  out.zone = fields.Text("zone");
  const Fields target = fields.Object("targetRef");
  out.target = target.Text("uid");
  if (out.target.empty() && !target.Text("name").empty()) out.target = target.Text("kind") + "/" + target.Text("name");
  return out;
}

EndpointSlice SliceOf(const json::value* value, absl::Status& wrong) {
  const Fields fields(value, wrong);
  EndpointSlice out;
  const Fields metadata = fields.Object("metadata");
  out.name = metadata.Text("name");
  if (out.name.empty()) fields.Complain("an EndpointSlice without a name");
  out.service = metadata.Object("labels").Text(kServiceLabel);
  out.address_type = fields.Text("addressType");
  fields.Each("ports", kMaxPorts, [&](const json::value& one) {
    const Fields port(&one, wrong);
    out.ports.push_back({port.Text("name"), port.Number("port", 65535), port.Text("protocol")});
  });
  fields.Each("endpoints", kMaxEndpoints, [&](const json::value& one) { out.endpoints.push_back(EndpointOf(one, wrong)); });
  return out;
}

}  // namespace

absl::StatusOr<SlicePage> ParseSlicePage(std::string_view text) {
  const absl::StatusOr<json::value> root = Parse(text);
  if (!root.ok()) return root.status();
  absl::Status wrong;
  const Fields fields(&*root, wrong);
  if (const std::string kind = fields.Text("kind"); kind != "EndpointSliceList") return Odd(fmt::format("is a \"{}\" instead of an EndpointSliceList", kind));
  SlicePage page;
  page.version = fields.Object("metadata").Text("resourceVersion");
  page.more = fields.Object("metadata").Text("continue");
  if (page.version.empty()) fields.Complain("a list without resourceVersion");
  fields.Each("items", 1'000'000, [&](const json::value& item) { page.slices.push_back(SliceOf(&item, wrong)); });
  if (!wrong.ok()) return wrong;
  return page;
}

absl::StatusOr<WatchEvent> ParseWatchEvent(std::string_view line) {
  const absl::StatusOr<json::value> root = Parse(line);
  if (!root.ok()) return root.status();
  absl::Status wrong;
  const Fields fields(&*root, wrong);
  const std::string type = fields.Text("type");
  const Fields object = fields.Object("object");
  WatchEvent event;
  if (type == "ADDED" || type == "MODIFIED") {
    event.kind = WatchEvent::Kind::kPut;
  } else if (type == "DELETED") {
    event.kind = WatchEvent::Kind::kDelete;
  } else if (type == "BOOKMARK") {
    event.kind = WatchEvent::Kind::kBookmark;
  } else if (type == "ERROR") {
    event.kind = WatchEvent::Kind::kError;
    event.code = static_cast<int>(object.Number("code", 999));
    event.message = object.Text("message").substr(0, kMaxWords);
  } else {
    return Odd(fmt::format("a watch event of type \"{}\"", type.substr(0, kMaxWords)));
  }
  if (event.kind != WatchEvent::Kind::kError) {
    event.version = object.Object("metadata").Text("resourceVersion");
    if (event.version.empty()) object.Complain("a watch event without resourceVersion");
  }
  if (event.kind == WatchEvent::Kind::kPut || event.kind == WatchEvent::Kind::kDelete) event.slice = SliceOf(fields.Get("object"), wrong);
  if (!wrong.ok()) return wrong;
  return event;
}

std::string StatusMessage(std::string_view text) {
  const absl::StatusOr<json::value> root = Parse(text);
  if (!root.ok()) return {};
  absl::Status wrong;
  return Fields(&*root, wrong).Text("message").substr(0, kMaxWords);
}

}  // namespace switchyard::controlplane::kubernetes
