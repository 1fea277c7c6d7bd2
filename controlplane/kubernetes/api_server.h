// ApiServer: where a Kubernetes API server is and how to be known there.
//
// Thread-safety: values and pure functions, but for the reading of files. Errors: INVALID_ARGUMENT and NOT_FOUND name flag or file and say what to do.
// Source: "Accessing the Kubernetes API from a Pod", without using a proxy.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace switchyard::controlplane::kubernetes {

struct ApiServer {
  // `https://host:port`, no slash at the end. Empty: there is none.
  std::string url;
  // Bearer token; read anew for each request, because the kubelet changes it every hour. Empty: none is sent.
  std::string token_file;
  // PEM. Empty: the system's authorities.
  std::string ca_file;
};

inline constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

// Of the pod that this process runs in. `env` gives a variable of the environment or null.
absl::StatusOr<ApiServer> InCluster(const std::function<const char*(const char*)>& env);
// Plain http only to the own host (`kubectl proxy`): the token is as good as a password.
absl::Status CheckApiServer(const ApiServer& server);
// What Authorization is to hold; empty without a token file. At most 64 KiB.
absl::StatusOr<std::string> ReadToken(const ApiServer& server);

}  // namespace switchyard::controlplane::kubernetes
