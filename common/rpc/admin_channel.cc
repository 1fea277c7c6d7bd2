#include "common/rpc/admin_channel.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/rpc/transport_limits.h"

namespace switchyard::rpc {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const std::string& server_name, const ChannelIdentity& identity) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = identity.ca_pem;
  options.pem_cert_chain = identity.certificate_pem;
  options.pem_private_key = identity.key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(server_name);
  ApplyClientLimits(arguments);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

}  // namespace

std::shared_ptr<grpc::Channel> AdminChannel(const Credential& credential) {
  return MakeChannel(credential.address, credential.server_name, {credential.ca_pem, credential.certificate_pem, credential.key_pem});
}

std::shared_ptr<grpc::Channel> ControllerChannel(const std::string& address, const ChannelIdentity& identity) {
  return MakeChannel(address, std::string(kControllerServerName), identity);
}

}  // namespace switchyard::rpc
