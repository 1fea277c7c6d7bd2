// What the dashboard's HTTP server and its pages say to each other: a request, a response. No socket, no library.
//
// Thread-safety: values.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/dashboard/form.h"

namespace switchyard::controlplane::dashboard {

// GET (HEAD is answered as GET without its body), POST, anything else.
enum class Method { kGet, kPost, kOther };

struct Request {
  Method method = Method::kOther;
  std::string path;
  // Raw, without `?`.
  std::string query;
  std::string body;
  // Header fields; empty when absent.
  std::string cookie;
  std::string csrf;
  std::string origin;
  std::string host;
  std::string content_type;
  std::string accept_encoding;
  std::string if_none_match;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::shared_ptr<const std::string> body;
  // Further fields, beside those that every response has.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Call once, from any thread.
using Reply = std::function<void(Response)>;

// A page that wants to be told: which texts, and whose it is.
struct LiveRequest {
  std::vector<std::string> targets;
  std::string cookie;
};

}  // namespace switchyard::controlplane::dashboard
