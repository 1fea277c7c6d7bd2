#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "controlplane/kubernetes/http_client.h"

namespace switchyard::controlplane::kubernetes {
namespace {

// How late a missing head may be seen.
constexpr Duration kLook = std::chrono::milliseconds(250);
constexpr long kKeepaliveSeconds = 15;

long Millis(Duration duration) { return static_cast<long>(std::max<std::int64_t>(1, duration / std::chrono::milliseconds(1))); }

// One request under way. libcurl holds its address.
struct Transfer {
  CURL* easy = nullptr;
  curl_slist* fields = nullptr;
  HttpHandler* handler = nullptr;
  TimePoint started;
  Duration head_within{};
  int status = 0;
  bool head_over = false;
  absl::Status refused;
  std::array<char, CURL_ERROR_SIZE> error{};

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(fields);
  }
};

// A line of a head: the status line, a field, or the empty line.
std::size_t OnHeadLine(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    transfer.status = 0;
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) std::from_chars(line.data() + space + 1, line.data() + line.size(), transfer.status);
  } else if ((line == "\r\n" || line == "\n") && transfer.status >= 200 && !std::exchange(transfer.head_over, true)) {
    transfer.handler->OnHead(transfer.status);
  }
  return size * count;
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.refused = transfer.handler->OnBytes({data, size * count});
  // Anything but the size ends the request.
  return transfer.refused.ok() ? size * count : CURL_WRITEFUNC_ERROR;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(CURLM* multi, const Clock& clock) : multi_(multi), clock_(clock) {}
  ~CurlClient() override {
    while (!transfers_.empty()) Drop(transfers_.begin());
    curl_multi_cleanup(multi_);
  }

  void Start(const HttpRequest& request, HttpHandler* handler) override {
    auto transfer = std::make_unique<Transfer>();
    transfer->easy = curl_easy_init();
    transfer->handler = handler;
    transfer->started = clock_.Now();
    transfer->head_within = request.head_within;
    if (transfer->easy == nullptr) return handler->OnEnd(absl::ResourceExhaustedError("no memory for a request"));
    SetOptions(request, *transfer);
    curl_multi_add_handle(multi_, transfer->easy);
    transfers_[handler] = std::move(transfer);
  }

  void Cancel(HttpHandler* handler) override {
    if (const auto at = transfers_.find(handler); at != transfers_.end()) Drop(at);
  }

  void Poll(Duration most) override {
    const bool heads = std::any_of(transfers_.begin(), transfers_.end(), [](const auto& one) { return !one.second->head_over; });
    int running = 0;
    curl_multi_perform(multi_, &running);
    if (!Finish()) curl_multi_poll(multi_, nullptr, 0, static_cast<int>(Millis(heads ? std::min(most, kLook) : most)), nullptr);
    curl_multi_perform(multi_, &running);
    Finish();
    EndLate();
  }

  void Wake() override { curl_multi_wakeup(multi_); }

 private:
  using Transfers = std::map<HttpHandler*, std::unique_ptr<Transfer>>;

  static void SetOptions(const HttpRequest& request, Transfer& transfer) {
    CURL* easy = transfer.easy;
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepaliveSeconds);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepaliveSeconds);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, Millis(request.head_within / 2));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, Millis(request.within));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // The cluster's authority may be replaced while we run.
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
    if (!request.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
    transfer.fields = curl_slist_append(nullptr, "Accept: application/json");
    if (!request.token.empty()) transfer.fields = curl_slist_append(transfer.fields, ("Authorization: Bearer " + request.token).c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.fields);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "yard-controller");
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeadLine);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  }

  static absl::Status StatusOf(const Transfer& transfer, CURLcode code) {
    if (!transfer.refused.ok()) return transfer.refused;
    if (code == CURLE_OK) return absl::OkStatus();
    const std::string_view words = transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
    return absl::UnavailableError(fmt::format("the API server cannot be reached: {}", words));
  }

  // Tells the ends. Whether there were any.
  bool Finish() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      End(transfer->handler, StatusOf(*transfer, message->data.result));
      any = true;
    }
    return any;
  }

  // Those whose head did not come.
  void EndLate() {
    const TimePoint now = clock_.Now();
    std::vector<HttpHandler*> late;
    for (const auto& [handler, transfer] : transfers_) {
      if (!transfer->head_over && now - transfer->started > transfer->head_within) late.push_back(handler);
    }
    for (HttpHandler* handler : late) {
      const Duration within = transfers_.at(handler)->head_within;
      End(handler, absl::DeadlineExceededError(fmt::format("the API server did not answer within {}", FormatDuration(within))));
    }
  }

  void End(HttpHandler* handler, const absl::Status& status) {
    Drop(transfers_.find(handler));
    handler->OnEnd(status);
  }

  void Drop(Transfers::iterator at) {
    curl_multi_remove_handle(multi_, at->second->easy);
    transfers_.erase(at);
  }

  CURLM* multi_;
  const Clock& clock_;
  Transfers transfers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpClient>> MakeCurlClient(const Clock& clock) {
  // Safe from any thread since 7.84, and again.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return absl::InternalError("libcurl cannot be used");
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) return absl::ResourceExhaustedError("no memory for libcurl");
  return std::make_unique<CurlClient>(multi, clock);
}

}  // namespace switchyard::controlplane::kubernetes
