#include "controlplane/dashboard/pages.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/observe/json_text.h"
#include "common/rpc/proto_time.h"
#include "common/tls/sha256.h"
#include "controlplane/dashboard/assets.h"
#include "controlplane/dashboard/json_answer.h"

namespace switchyard::controlplane::dashboard {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

std::string CookieOf(const Request& request) {
  std::string_view rest = request.cookie;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookieName) && pair.substr(kCookieName.size()).starts_with('=')) return std::string(pair.substr(kCookieName.size() + 1));
  }
  return {};
}

std::string SetCookie(std::string_view value, std::int64_t seconds) {
  return fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", kCookieName, value, seconds);
}

// Scripts of other sites cannot choose it, and browsers send it with every POST; other programs need not.
bool OwnOrigin(const Request& request) { return request.origin.empty() || request.origin == "https://" + request.host; }

Response TextResponse(int status, std::string_view text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::make_shared<const std::string>(text)};
}

// No field at all means: whatever (RFC 9110 section 12.5.3).
bool TakesGzip(std::string_view accepted) {
  return accepted.empty() || accepted.find("gzip") != std::string_view::npos || accepted.find('*') != std::string_view::npos;
}

absl::Status NotLoggedIn() { return absl::UnauthenticatedError("you are not logged in, or the session has ended"); }

absl::Status WrongToken() { return absl::PermissionDeniedError("the CSRF token is missing or wrong"); }

absl::Status NotWithThisRole() { return absl::PermissionDeniedError("your role does not allow this"); }

}  // namespace

Pages::Pages(Parts parts)
    : parts_(std::move(parts)),
      sessions_(*parts_.sessions),
      login_(*parts_.clock, *parts_.ca, parts_.facts.trust_domain, *parts_.credentials, sessions_),
      reads_(parts_),
      writes_(parts_, reads_) {}

void Pages::Handle(const Request& request, Reply reply) {
  if (!request.path.starts_with("/api/")) return reply(File(request));
  if (request.method == Method::kOther) return reply({.status = 405});
  if (request.method == Method::kPost && !OwnOrigin(request)) {
    return reply(ErrorResponse(absl::PermissionDeniedError("this request comes from another site")));
  }
  if (request.path == "/api/login") return reply(BeginSession(request));
  const std::string cookie = CookieOf(request);
  const auto session = sessions_.Find(cookie);
  if (!session) return reply(ErrorResponse(NotLoggedIn()));
  if (request.path == "/api/logout" && request.method == Method::kPost) {
    if (!tls::ConstantTimeEqual(request.csrf, session->csrf)) return reply(ErrorResponse(WrongToken()));
    sessions_.End(cookie);
    Response bye = JsonResponse("{}");
    bye.headers.emplace_back("Set-Cookie", SetCookie("", 0));
    return reply(std::move(bye));
  }
  if (request.method == Method::kPost) return Post(request, *session, std::move(reply));
  Get(request, *session, std::move(reply));
}

Response Pages::File(const Request& request) const {
  if (request.method != Method::kGet) return {.status = 405};
  const std::string_view path = request.path == "/" ? std::string_view("/index.html") : std::string_view(request.path);
  const auto assets = Assets();
  const auto it = std::find_if(assets.begin(), assets.end(), [&](const Asset& asset) { return asset.path == path; });
  if (it == assets.end()) {
    return TextResponse(404, assets.empty() ? "this controller was built without pages (SWITCHYARD_DASHBOARD=OFF)\n" : "not found\n");
  }
  if (!TakesGzip(request.accept_encoding)) return TextResponse(406, "these files are gzip only\n");
  // Names below /assets/ have a hash of the content in them.
  const bool lasting = path.starts_with("/assets/");
  Response response{.content_type = std::string(it->content_type)};
  response.headers = {{"ETag", std::string(it->etag)}, {"Cache-Control", lasting ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.if_none_match == it->etag) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = std::make_shared<const std::string>(it->content);
  return response;
}

Response Pages::BeginSession(const Request& request) {
  if (request.method == Method::kGet) {
    observe::JsonObject out;
    out.Add("challenge", login_.Challenge());
    return JsonResponse(out.Finish());
  }
  if (!request.content_type.starts_with(kFormType)) return ErrorResponse(absl::InvalidArgumentError("expected a form"));
  const auto form = ParseForm(request.body);
  if (!form) return ErrorResponse(absl::InvalidArgumentError("the form cannot be read"));
  const auto begun = login_.Begin(*form);
  if (!begun.ok()) {
    parts_.log->Warn("dashboard login refused", {{"reason", Message(begun.status())}});
    return ErrorResponse(begun.status());
  }
  parts_.log->Info("dashboard login", {{"who", begun->session.who.name}, {"role", tls::RoleName(begun->session.who.role)}});
  if (!parts_.calls->Post([this, who = begun->session.who.name] { parts_.desk->Note(who, "login", "dashboard"); })) {
    parts_.log->Warn("a login could not be written down", {{"who", begun->session.who.name}});
  }
  Response response = Me(begun->session);
  response.headers.emplace_back("Set-Cookie", SetCookie(begun->cookie, std::chrono::duration_cast<std::chrono::seconds>(sessions_.limits().longest).count()));
  return response;
}

Response Pages::Me(const Session& session) const {
  observe::JsonObject out;
  out.Add("name", session.who.name);
  out.Add("role", tls::RoleName(session.who.role));
  out.Add("level", tls::AccessLevel(session.who.role));
  out.Add("csrf", session.csrf);
  out.Add("ends", rpc::ToProto(session.ends).seconds());
  out.Add("version", parts_.facts.version);
  out.Add("trust_domain", parts_.facts.trust_domain);
  return JsonResponse(out.Finish());
}

void Pages::Get(const Request& request, const Session& session, Reply reply) {
  if (request.path == "/api/me") return reply(Me(session));
  const int level = Reads::LevelOf(request.path);
  if (level == 0) return reply(ErrorResponse(absl::NotFoundError("there is no such page")));
  if (tls::AccessLevel(session.who.role) < level) return reply(ErrorResponse(NotWithThisRole()));
  const bool posted = parts_.calls->Post([this, path = request.path, query = request.query, reply] {
    auto body = reads_.Read(path, query);
    reply(body.ok() ? Response{.body = *std::move(body)} : ErrorResponse(body.status()));
  });
  if (!posted) reply(ErrorResponse(absl::ResourceExhaustedError("the controller has too many calls at once; try again")));
}

void Pages::Post(const Request& request, const Session& session, Reply reply) {
  const int level = Writes::LevelOf(request.path);
  if (level == 0) return reply(ErrorResponse(absl::NotFoundError("there is no such action")));
  if (!tls::ConstantTimeEqual(request.csrf, session.csrf)) {
    parts_.log->Warn("dashboard request without the session's token", {{"who", session.who.name}, {"path", request.path}});
    return reply(ErrorResponse(WrongToken()));
  }
  if (tls::AccessLevel(session.who.role) < level) {
    return reply(ErrorResponse(NotWithThisRole()));
  }
  if (!request.content_type.starts_with(kFormType)) return reply(ErrorResponse(absl::InvalidArgumentError("expected a form")));
  const auto form = ParseForm(request.body);
  if (!form) return reply(ErrorResponse(absl::InvalidArgumentError("the form cannot be read")));
  writes_.Write(request.path, *form, session.who.name, std::move(reply));
}

bool Pages::Knows(const Request& request) { return sessions_.Find(CookieOf(request)).has_value(); }

absl::StatusOr<LiveRequest> Pages::Live(const Request& request) {
  LiveRequest live;
  live.cookie = CookieOf(request);
  if (!sessions_.Find(live.cookie)) return NotLoggedIn();
  // Fields are numbered, because a form holds each name once.
  const auto form = ParseForm(request.query);
  if (!form || form->empty() || form->size() > kMaxLiveTargets) return absl::InvalidArgumentError(fmt::format("expected 1 to {} fields", kMaxLiveTargets));
  for (const auto& [name, target] : *form) {
    const std::string path = target.substr(0, target.find('?'));
    if (Reads::LevelOf(path) != tls::AccessLevel(tls::Role::kViewer) || target.find_first_of("\r\n") != std::string::npos) {
      return absl::InvalidArgumentError("there is no such page");
    }
    live.targets.push_back(target);
  }
  return live;
}

void Pages::ReadTarget(const std::string& target, std::function<void(Reads::Body)> done) {
  const bool posted = parts_.calls->Post([this, target, done] {
    const auto mark = target.find('?');
    auto body = reads_.Read(target.substr(0, mark), mark == std::string::npos ? std::string() : target.substr(mark + 1));
    done(body.ok() ? *std::move(body) : nullptr);
  });
  if (!posted) done(nullptr);
}

}  // namespace switchyard::controlplane::dashboard
