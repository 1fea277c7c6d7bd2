#include "controlplane/dashboard/dashboard.h"

#include <utility>

#include "controlplane/dashboard/http_server.h"
#include "controlplane/dashboard/pages.h"

namespace switchyard::controlplane::dashboard {
namespace {

class DashboardImpl final : public Dashboard {
 public:
  explicit DashboardImpl(Parts parts) : log_(parts.log), pages_(std::move(parts)) {}

  absl::Status Start(const Options& options) {
    auto server = HttpServer::Open({options.listen, options.certificate_path, options.key_path}, &pages_, log_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  std::uint16_t port() const override { return server_->port(); }
  std::string MakeLoginCode(const identity::PeerIdentity& who) override { return pages_.sessions().MakeCode(who); }
  absl::Status ReloadCertificate() override { return server_->ReloadCertificate(); }
  void Stop() override { server_->Stop(); }

 private:
  observe::Log* log_;
  Pages pages_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Dashboard>> Dashboard::Open(const Options& options, Parts parts) {
  auto dashboard = std::make_unique<DashboardImpl>(std::move(parts));
  if (auto started = dashboard->Start(options); !started.ok()) return started;
  return dashboard;
}

}  // namespace switchyard::controlplane::dashboard
