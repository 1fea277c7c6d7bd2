#include "controlplane/identity/server_credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <utility>

namespace switchyard::controlplane::identity {

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Authority& authority, std::shared_ptr<Gate> gate, Duration reload) {
  const auto seconds = std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(reload).count());
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      authority.server_key_path(), authority.server_certificate_path(), static_cast<unsigned int>(seconds));
  grpc::experimental::TlsServerCredentialsOptions options(std::move(provider));
  options.watch_identity_key_cert_pairs();
  // Asked for, so that the handshake proves possession of its key; judged by the gate, which can say why it refuses.
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  auto credentials = grpc::experimental::TlsServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::move(gate));
  return credentials;
}

}  // namespace switchyard::controlplane::identity
