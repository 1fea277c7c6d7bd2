#include "controlplane/dashboard/json_answer.h"

#include <utility>

#include "common/base/status.h"
#include "common/config/yaml_codec.h"
#include "common/observe/json_text.h"

namespace switchyard::controlplane::dashboard {
namespace {

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

std::string CompactJson(const google::protobuf::Message& message) {
  const std::string json = config::ToJson(message);
  std::string out;
  out.reserve(json.size());
  // A line end in JSON text is always white space: within strings it is escaped.
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\n') {
      out.push_back(json[i]);
      continue;
    }
    while (i + 1 < json.size() && json[i + 1] == ' ') ++i;
  }
  return out;
}

Response JsonResponse(std::string json) { return {.body = std::make_shared<const std::string>(std::move(json))}; }

Response ErrorResponse(const absl::Status& status, const v1::Violations& violations) {
  observe::JsonObject out;
  out.Add("code", absl::StatusCodeToString(status.code()));
  out.Add("message", Message(status));
  if (violations.total() > 0) out.AddRaw("violations", CompactJson(violations));
  Response response = JsonResponse(out.Finish());
  response.status = HttpStatusOf(status.code());
  return response;
}

}  // namespace switchyard::controlplane::dashboard
