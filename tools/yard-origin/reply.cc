#include "tools/yard-origin/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/status.h"
#include "tools/wire/json_text.h"
#include "tools/yard-origin/websocket.h"

namespace switchyard::tools::origin {
namespace {

constexpr std::uint64_t kMaxBytes = 1u << 30;

std::string_view Path(std::string_view target) { return target.substr(0, target.find('?')); }

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t QueryNumber(std::string_view target, std::string_view key, std::uint64_t otherwise) {
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=')
      return Number(pair.substr(key.size() + 1)).value_or(otherwise);
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
  return otherwise;
}

std::string_view Reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Scripted";
  }
}

std::string StatusLine(int status, std::string_view site) {
  return fmt::format("HTTP/1.1 {} {}\r\nx-origin: {}\r\n", status, Reason(status), site);
}

bool HasBody(int status) { return status != 204 && status != 304; }

// A whole answer whose body is text.
Reply TextReply(const RequestFacts& request, const Site& site, int status, std::string_view type, std::string_view body) {
  Reply reply;
  reply.head = StatusLine(status, site.name());
  if (HasBody(status)) reply.head += fmt::format("content-type: {}\r\ncontent-length: {}\r\n", type, body.size());
  if (!request.head.KeepsAlive()) reply.head += "connection: close\r\n", reply.end = Reply::End::kClose;
  reply.head += "\r\n";
  if (HasBody(status) && request.head.method != "HEAD") reply.head += body;
  return reply;
}

Reply JsonReply(const RequestFacts& request, const Site& site, int status, std::string_view body) {
  return TextReply(request, site, status, "application/json", body);
}

std::string EchoJson(const RequestFacts& request, const Site& site) {
  std::string json = fmt::format(R"({{"origin":{},"method":{},"target":{},"version":"HTTP/1.{}","headers":[)", wire::JsonString(site.name()),
                                 wire::JsonString(request.head.method), wire::JsonString(request.head.target), request.head.minor_version);
  for (const wire::Field& field : request.head.fields) {
    if (json.back() != '[') json += ',';
    json += fmt::format("[{},{}]", wire::JsonString(field.name), wire::JsonString(field.value));
  }
  return json + fmt::format(R"(],"body_bytes":{},"body_crc32":"{:08x}"}})", request.body_bytes, request.body_crc) + "\n";
}

Reply ControlReply(const RequestFacts& request, Site& site) {
  const std::string_view path = Path(request.head.target);
  const std::string_view method = request.head.method;
  if (path == "/__origin/behaviour" && method == "PUT") {
    absl::StatusOr<Behaviour> behaviour = ParseBehaviour(request.body_start);
    if (!behaviour.ok()) return TextReply(request, site, 400, "text/plain", fmt::format("{}\n", Message(behaviour.status())));
    site.SetBehaviour(*std::move(behaviour));
    return JsonReply(request, site, 200, ToJson(*site.behaviour()));
  }
  if (path == "/__origin/behaviour" && method == "GET") return JsonReply(request, site, 200, ToJson(*site.behaviour()));
  if (path == "/__origin/stats" && method == "GET") return JsonReply(request, site, 200, site.StatsJson());
  if (path == "/__origin/log" && method == "GET") return JsonReply(request, site, 200, site.LogJson());
  if (path == "/__origin/raw" && method == "GET") return JsonReply(request, site, 200, site.RawJson());
  if (path == "/__origin/log" && method == "DELETE") {
    site.ClearLog();
    return JsonReply(request, site, 200, "{}\n");
  }
  return TextReply(request, site, 404, "text/plain", "no such control path or method\n");
}

Reply UpgradeReply(const RequestFacts& request, const Site& site) {
  if (!request.head.Lists("upgrade", "websocket") || !request.head.Lists("connection", "upgrade") || request.head.Get("sec-websocket-key").empty())
    return TextReply(request, site, 400, "text/plain", "not a WebSocket handshake\n");
  Reply reply;
  reply.head = fmt::format("HTTP/1.1 101 Switching Protocols\r\nx-origin: {}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                           "sec-websocket-accept: {}\r\n\r\n",
                           site.name(), WebSocketAccept(request.head.Get("sec-websocket-key")));
  reply.end = Reply::End::kWebSocket;
  return reply;
}

Reply EventsReply(const RequestFacts& request, const Site& site) {
  Reply reply;
  reply.head = StatusLine(200, site.name()) + "content-type: text/event-stream\r\ncache-control: no-store\r\ntransfer-encoding: chunked\r\n\r\n";
  reply.event_interval = std::chrono::milliseconds(std::clamp<std::uint64_t>(QueryNumber(request.head.target, "interval", 1000), 1, 3'600'000));
  reply.event_count = QueryNumber(request.head.target, "count", 0);
  reply.end = Reply::End::kEvents;
  return reply;
}

// The framing headers and the body of a made answer. `cut` writes half of it and closes.
void MakeBody(const RequestFacts& request, const Behaviour& behaviour, std::uint64_t size, bool cut, Reply& reply) {
  const bool chunked = behaviour.chunked && request.head.minor_version >= 1;
  for (const auto& [name, value] : behaviour.headers) reply.head += fmt::format("{}: {}\r\n", name, value);
  if (chunked) {
    for (const auto& trailer : behaviour.trailers) reply.head += fmt::format("trailer: {}\r\n", trailer.first);
    reply.head += "transfer-encoding: chunked\r\n";
  } else {
    const std::int64_t told = static_cast<std::int64_t>(size) + behaviour.length_offset;
    reply.head += fmt::format("content-length: {}\r\n", std::max<std::int64_t>(told, 0));
  }
  const bool close = behaviour.close || !request.head.KeepsAlive();
  if (close) reply.head += "connection: close\r\n";
  if (close || cut || (!chunked && behaviour.length_offset > 0)) reply.end = Reply::End::kClose;
  reply.head += "\r\n";
  if (request.head.method == "HEAD") return;
  reply.fill = cut ? size / 2 : size;
  reply.chunked = chunked;
  if (!chunked || cut) return;
  reply.tail = "0\r\n";
  for (const auto& [name, value] : behaviour.trailers) reply.tail += fmt::format("{}: {}\r\n", name, value);
  reply.tail += "\r\n";
}

void Count(std::atomic<std::uint64_t>& counter) { counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

bool Chance(double rate, Random& random) { return rate > 0 && random.Unit() < rate; }

Reply ScriptedReply(const RequestFacts& request, const Site& site, Lane& lane, const Behaviour& behaviour, Random& random) {
  Reply reply;
  reply.delay = behaviour.latency.Draw(random);
  if (!behaviour.raw.empty()) {
    reply.head = behaviour.raw;
    reply.end = Reply::End::kClose;
    return reply;
  }
  if (Chance(behaviour.reset_rate, random)) {
    Count(lane.counters.resets);
    reply.end = Reply::End::kReset;
    return reply;
  }
  if (Chance(behaviour.hang_rate, random)) {
    Count(lane.counters.hangs);
    reply.end = Reply::End::kHang;
    return reply;
  }
  const bool error = Chance(behaviour.error_rate, random);
  if (error) Count(lane.counters.errors);
  const bool cut = Chance(behaviour.truncate_rate, random);
  if (cut) Count(lane.counters.truncated);
  const int status = error ? behaviour.error_status : behaviour.status;
  if (behaviour.early_hints && request.head.minor_version >= 1) reply.head = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
  reply.head += StatusLine(status, site.name());
  if (!HasBody(status)) {
    if (behaviour.close || !request.head.KeepsAlive()) reply.head += "connection: close\r\n", reply.end = Reply::End::kClose;
    reply.head += "\r\n";
    return reply;
  }
  MakeBody(request, behaviour, behaviour.body_size, cut, reply);
  return reply;
}

}  // namespace

bool IsControlPath(std::string_view target) { return target.starts_with("/__origin/"); }

bool IsNamedPath(std::string_view target) {
  if (target.size() < 3 || std::string_view("_hewsb").find(target[1]) == std::string_view::npos) return false;
  const std::string_view path = Path(target);
  return IsControlPath(path) || path == "/healthz" || path == "/echo" || path == "/ws" || path == "/sse" || path.starts_with("/status/") ||
         path.starts_with("/bytes/");
}

void AppendPattern(std::uint64_t size, bool chunked, std::string& out) {
  if (size == 0) return;
  if (chunked) out += fmt::format("{:x}\r\n", size);
  for (std::uint64_t left = size; left > 0;) {
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPattern.size()));
    out += kPattern.substr(0, n);
    left -= n;
  }
  if (chunked) out += "\r\n";
}

Reply BadRequestReply(std::string_view site_name, std::string_view why) {
  Reply reply;
  reply.head = fmt::format("{}content-length: {}\r\nconnection: close\r\n\r\n{}\n", StatusLine(400, site_name), why.size() + 1, why);
  reply.end = Reply::End::kClose;
  return reply;
}

Reply MakeReply(const RequestFacts& request, Site& site, Lane& lane, const Behaviour& behaviour, Random& random) {
  const std::string_view path = Path(request.head.target);
  if (IsControlPath(path) || path == "/healthz") {
    Reply reply = path == "/healthz" ? TextReply(request, site, behaviour.health_status, "text/plain", "health\n") : ControlReply(request, site);
    if (path == "/healthz") Count(lane.counters.health_checks);
    reply.control = true;
    return reply;
  }
  if (path == "/echo") return JsonReply(request, site, 200, EchoJson(request, site));
  if (path == "/ws") return UpgradeReply(request, site);
  if (path == "/sse") return EventsReply(request, site);
  if (path.starts_with("/status/")) {
    const std::uint64_t status = Number(path.substr(8)).value_or(0);
    return TextReply(request, site, status >= 200 && status <= 599 ? static_cast<int>(status) : 400, "text/plain", "status\n");
  }
  if (path.starts_with("/bytes/")) {
    Reply reply;
    reply.head = StatusLine(200, site.name());
    MakeBody(request, Behaviour{}, std::min(Number(path.substr(7)).value_or(0), kMaxBytes), false, reply);
    return reply;
  }
  return ScriptedReply(request, site, lane, behaviour, random);
}

}  // namespace switchyard::tools::origin
