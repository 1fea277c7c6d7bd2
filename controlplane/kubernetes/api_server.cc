#include "controlplane/kubernetes/api_server.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace switchyard::controlplane::kubernetes {
namespace {

constexpr std::size_t kMaxToken = 64 << 10;
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";

// `host`, `host:port`, `[v6]:port`.
bool IsLoopback(std::string_view authority) {
  for (const std::string_view own : {"127.0.0.1", "localhost", "[::1]"}) {
    if (authority == own || (authority.starts_with(own) && authority[own.size()] == ':')) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<ApiServer> InCluster(const std::function<const char*(const char*)>& env) {
  const char* host = env("KUBERNETES_SERVICE_HOST");
  const char* port = env("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || *host == '\0' || port == nullptr || *port == '\0') {
    return absl::NotFoundError("--kubernetes: KUBERNETES_SERVICE_HOST and _PORT are not set, so this is no pod; name the API server with --kubernetes-api");
  }
  const bool v6 = std::string_view(host).find(':') != std::string_view::npos;
  return ApiServer{v6 ? fmt::format("https://[{}]:{}", host, port) : fmt::format("https://{}:{}", host, port), std::string(kServiceAccount) + "/token",
                   std::string(kServiceAccount) + "/ca.crt"};
}

absl::Status CheckApiServer(const ApiServer& server) {
  const std::string_view url = server.url;
  const bool https = url.starts_with(kHttps);
  if (!https && !url.starts_with(kHttp)) return absl::InvalidArgumentError(fmt::format("--kubernetes-api: '{}' is not https://HOST:PORT", url));
  const std::string_view authority = url.substr(https ? kHttps.size() : kHttp.size());
  const auto stranger = [](unsigned char c) { return c <= ' ' || c >= 0x7f || std::strchr("/?#@\\", c) != nullptr; };
  const bool odd = std::any_of(authority.begin(), authority.end(), stranger);
  if (authority.empty() || odd) return absl::InvalidArgumentError(fmt::format("--kubernetes-api: '{}' is not https://HOST:PORT, without a path", url));
  if (!https && !IsLoopback(authority)) {
    return absl::InvalidArgumentError("--kubernetes-api: plain http is for 127.0.0.1, [::1] and localhost only (kubectl proxy); use https");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const ApiServer& server) {
  if (server.token_file.empty()) return std::string();
  std::FILE* file = std::fopen(server.token_file.c_str(), "re");
  if (file == nullptr) return absl::NotFoundError(fmt::format("the token file {} cannot be read: {}", server.token_file, std::strerror(errno)));
  std::string token(kMaxToken + 1, '\0');
  token.resize(std::fread(token.data(), 1, token.size(), file));
  std::fclose(file);
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  const bool odd = std::any_of(token.begin(), token.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
  if (token.empty() || odd || token.size() > kMaxToken) return absl::InvalidArgumentError(fmt::format("the file {} holds no token", server.token_file));
  return token;
}

}  // namespace switchyard::controlplane::kubernetes
