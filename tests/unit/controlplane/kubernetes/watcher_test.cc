// Goal: the watcher asks for what is wanted and nothing else, tells what it finds, and keeps its lists over a restart. Method: a client that the test plays
// the server for; the watcher's own thread.
#include "controlplane/kubernetes/watcher.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>

#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::controlplane::kubernetes {
namespace {

using harness::Eventually;

// Requests wait until the test answers them; an answer is given within Poll, as the contract says.
class PlayedClient final : public HttpClient {
 public:
  void Start(const HttpRequest& request, HttpHandler* handler) override {
    const std::lock_guard lock(mutex_);
    open_.push_back({request, handler});
    asked_.push_back(request.url);
  }
  void Cancel(HttpHandler* handler) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [&](const auto& one) { return one.second == handler; });
  }
  void Poll(Duration) override {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::milliseconds(5), [this] { return woken_; });
    woken_ = false;
    const auto answers = std::exchange(answers_, {});
    for (const auto& [part, status, body] : answers) {
      const auto at = std::find_if(open_.begin(), open_.end(), [&](const auto& one) { return one.first.url.find(part) != std::string::npos; });
      if (at == open_.end()) continue;
      HttpHandler* handler = at->second;
      open_.erase(at);
      lock.unlock();
      handler->OnHead(status);
      handler->OnEnd(handler->OnBytes(body));
      lock.lock();
    }
  }
  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    wake_.notify_one();
  }

  bool Asks(const std::string& part) {
    return Eventually([&] {
      const std::lock_guard lock(mutex_);
      return std::any_of(open_.begin(), open_.end(), [&](const auto& one) { return one.first.url.find(part) != std::string::npos; });
    });
  }
  void Answer(const std::string& part, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_.push_back({part, status, body});
  }
  std::size_t open() {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }
  std::size_t asked() {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }

 private:
  struct Given {
    std::string part;
    int status;
    std::string body;
  };
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  std::vector<std::pair<HttpRequest, HttpHandler*>> open_;
  std::vector<std::string> asked_;
  std::vector<Given> answers_;
};

std::string ListOf(const std::string& service, const std::string& address) {
  return fmt::format(R"({{"kind":"EndpointSliceList","metadata":{{"resourceVersion":"5"}},"items":[{{"metadata":{{"name":"{0}-1","resourceVersion":"4",)"
                     R"("labels":{{"kubernetes.io/service-name":"{0}"}}}},"addressType":"IPv4","ports":[{{"port":80}}],"endpoints":[{{"addresses":["{1}"]}}]}})"
                     "]}}",
                     service, address);
}

CatalogPtr CatalogOf(std::uint64_t generation, const std::vector<std::pair<std::string, std::string>>& upstreams) {
  auto catalog = std::make_shared<store::Catalog>();
  catalog->generation = generation;
  for (const auto& [place, service] : upstreams) {
    auto resource = std::make_shared<v1::Resource>();
    resource->set_name(place + "-" + service);
    resource->mutable_upstream()->mutable_discovery()->mutable_kubernetes()->set_namespace_(place);
    resource->mutable_upstream()->mutable_discovery()->mutable_kubernetes()->set_service(service);
    catalog->resources[store::Catalog::Key(v1::KIND_UPSTREAM, resource->name())] = resource;
  }
  return catalog;
}

class WatcherTest : public testing::Test {
 protected:
  void Start(std::optional<ApiServer> server = ApiServer{"https://api:443", "", ""}) {
    auto client = std::make_unique<PlayedClient>();
    client_ = client.get();
    found_ = std::make_unique<FoundBackends>(&clock_, nullptr);
    watcher_ = std::make_unique<Watcher>(std::move(server), WatcherParts{&clock_, &log_, found_.get(), std::move(client), directory_.Sub("lists"), 1});
  }
  void Want(const CatalogPtr& catalog) {
    found_->Fill(catalog);
    watcher_->Want(*catalog);
  }
  bool Finds(const CatalogPtr& catalog, const std::string& upstream, const std::string& address) {
    return Eventually([&] {
      const CatalogPtr merged = found_->With(catalog);
      const v1::Upstream& filled = merged->Find(v1::KIND_UPSTREAM, upstream)->upstream();
      return filled.backends_size() == 1 && filled.backends(0).address() == address;
    });
  }

  const harness::TempDir directory_;
  SystemClock clock_;
  observe::CapturingLog log_;
  std::unique_ptr<FoundBackends> found_;
  PlayedClient* client_ = nullptr;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatcherTest, AsksForTheNamespacesAndServicesThatUpstreamsName) {
  Start();
  const auto catalog = CatalogOf(1, {{"a", "x"}, {"a", "y"}, {"b", "z"}});
  Want(catalog);
  EXPECT_TRUE(client_->Asks("https://api:443/apis/discovery.k8s.io/v1/namespaces/a/endpointslices?labelSelector=kubernetes.io%2Fservice-name%20in"
                            "%20%28x%2Cy%29"));
  EXPECT_TRUE(client_->Asks("/namespaces/b/"));
  EXPECT_EQ(client_->open(), 2u);
  client_->Answer("/namespaces/b/", 200, ListOf("z", "10.0.0.1"));
  EXPECT_TRUE(Finds(catalog, "b-z", "10.0.0.1:80"));
  EXPECT_TRUE(client_->Asks("/namespaces/b/endpointslices?labelSelector=kubernetes.io%2Fservice-name%20in%20%28z%29&watch=1"));
  // What nobody names any more is not watched any more.
  Want(CatalogOf(2, {{"a", "x"}}));
  EXPECT_TRUE(Eventually([&] { return client_->open() == 1; }));
  EXPECT_TRUE(client_->Asks("in%20%28x%29"));
}

TEST_F(WatcherTest, TroubleIsToldOnceAndItsEndToo) {
  Start();
  Want(CatalogOf(1, {{"a", "x"}}));
  ASSERT_TRUE(client_->Asks("/namespaces/a/"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client_->Asks("/namespaces/a/"));
    client_->Answer("/namespaces/a/", 403, R"({"message":"no"})");
    ASSERT_TRUE(Eventually([&] { return found_->Watching().failures > static_cast<std::uint64_t>(i); }));
  }
  EXPECT_NE(found_->Watching().namespaces.at(0).error.find("403: no"), std::string::npos);
  ASSERT_TRUE(client_->Asks("/namespaces/a/"));
  client_->Answer("/namespaces/a/", 200, ListOf("x", "10.0.0.1"));
  ASSERT_TRUE(Eventually([&] { return found_->Watching().namespaces.at(0).watching; }));
  EXPECT_EQ(found_->Watching().namespaces.at(0).error, "");
  watcher_->Stop();
  const std::vector<std::string> lines = log_.lines();
  for (const std::string part : {"Kubernetes cannot be watched", "Kubernetes is watched again"}) {
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; }), 1) << part;
  }
}

TEST_F(WatcherTest, ListsAreThereAfterARestartAndDamagedOnesAreNot) {
  Start();
  const auto catalog = CatalogOf(1, {{"a", "x"}});
  Want(catalog);
  ASSERT_TRUE(client_->Asks("/namespaces/a/"));
  client_->Answer("/namespaces/a/", 200, ListOf("x", "10.0.0.1"));
  ASSERT_TRUE(Finds(catalog, "a-x", "10.0.0.1:80"));
  watcher_.reset();
  Start();
  const Filled filled = found_->Fill(catalog);
  EXPECT_EQ(filled.unknown, nullptr);
  EXPECT_TRUE(Finds(catalog, "a-x", "10.0.0.1:80"));
  watcher_.reset();
  std::FILE* file = std::fopen(directory_.Sub("lists").c_str(), "r+");
  std::fseek(file, 10, SEEK_SET);
  std::fputc('~', file);
  std::fclose(file);
  Start();
  found_->Fill(catalog);
  EXPECT_FALSE(found_->Status().at(0).known);
}

TEST_F(WatcherTest, WithoutAServerItSaysSo) {
  Start(std::nullopt);
  Want(CatalogOf(1, {{"a", "x"}}));
  EXPECT_TRUE(Eventually([&] { return !found_->Watching().namespaces.empty(); }));
  EXPECT_EQ(found_->Watching().namespaces.at(0).error, "this controller runs without --kubernetes");
  EXPECT_EQ(client_->asked(), 0u);
}

TEST_F(WatcherTest, NamespacesBeyondTheBoundAreNotWatched) {
  Start();
  std::vector<std::pair<std::string, std::string>> many;
  for (std::size_t i = 0; i < Watcher::kMaxNamespaces + 2; ++i) many.emplace_back(fmt::format("n{:03}", i), "x");
  Want(CatalogOf(1, many));
  EXPECT_TRUE(Eventually([&] { return found_->Watching().namespaces.size() == many.size(); }));
  EXPECT_EQ(client_->asked(), Watcher::kMaxNamespaces);
  EXPECT_NE(found_->Watching().namespaces.back().error.find("more than 100 namespaces"), std::string::npos);
}

TEST(ApiServer, IsNamedByThePodsEnvironment) {
  std::map<std::string, std::string> env{{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
  const auto get = [&](const char* name) { return env.contains(name) ? env[name].c_str() : nullptr; };
  EXPECT_EQ(InCluster(get)->url, "https://10.96.0.1:443");
  env["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_EQ(InCluster(get)->url, "https://[fd00::1]:443");
  env.erase("KUBERNETES_SERVICE_PORT");
  EXPECT_TRUE(absl::IsNotFound(InCluster(get).status()));
}

TEST(ApiServer, TokensGoOverTlsOrNotFar) {
  for (const char* url : {"https://api:6443", "https://[::1]:443", "http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"}) {
    EXPECT_TRUE(CheckApiServer({url, "", ""}).ok()) << url;
  }
  for (const char* url : {"", "api:6443", "http://10.0.0.1:8080", "http://127.0.0.1.example.com", "http://localhost.example.com:80", "https://", "https://a/b",
                          "https://user@a", "https://a b", "ftp://a"}) {
    EXPECT_FALSE(CheckApiServer({url, "", ""}).ok()) << url;
  }
}

}  // namespace
}  // namespace switchyard::controlplane::kubernetes
