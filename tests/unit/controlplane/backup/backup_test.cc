// Goal: a backup is one committed generation, whole or refused, and a controller made of it is the one that was.
// Method: a real controller with a store on disk, written to all the while; files cut, bent and aged on purpose.
#include "controlplane/backup/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "controlplane/store/backup_file.h"
#include "tests/unit/controlplane/controller_fixture.h"

namespace switchyard::controlplane {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A descriptor of these bytes.
std::unique_ptr<backup::TemporaryFile> AsFile(const harness::TempDir& directory, std::string_view bytes) {
  auto file = *backup::TemporaryFile::Make(directory.path());
  EXPECT_TRUE(file->Append(bytes).ok());
  return file;
}

class BackupTest : public ControllerFixture {
 protected:
  absl::StatusOr<std::string> Backup() {
    grpc::ClientContext context;
    const auto reader = admin_->Backup(&context, {});
    v1::BackupChunk chunk;
    std::string bytes;
    while (reader->Read(&chunk)) bytes += chunk.data();
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return absl::InternalError(status.error_message());
    return bytes;
  }

  grpc::Status Restore(const std::string& bytes, v1::RestoreResponse& response, bool dry_run = false) {
    grpc::ClientContext context;
    const auto writer = admin_->Restore(&context, &response);
    for (std::size_t at = 0; at < bytes.size(); at += 65536) {
      v1::RestoreChunk chunk;
      chunk.set_data(bytes.substr(at, 65536));
      chunk.set_dry_run(dry_run);
      if (!writer->Write(chunk)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  // Two upstreams that always say the same number: half a generation would show.
  void ApplyPair(int number) {
    v1::ApplyRequest request;
    for (const char* name : {"left", "right"}) {
      v1::Resource resource = MakeUpstream(name);
      resource.mutable_upstream()->mutable_backends(0)->set_address("127.0.0.1:" + std::to_string(1000 + number % 60000));
      *request.add_resources() = resource;
    }
    v1::ApplyResponse response;
    grpc::ClientContext context;
    const auto status = admin_->Apply(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::string AddressOf(const std::string& name) {
    v1::GetRequest request;
    request.mutable_key()->set_kind(v1::KIND_UPSTREAM);
    request.mutable_key()->set_name(name);
    v1::Resource resource;
    grpc::ClientContext context;
    return admin_->Get(&context, request, &resource).ok() ? resource.upstream().backends(0).address() : "none";
  }

  std::uint64_t Generation() {
    v1::InfoResponse info;
    grpc::ClientContext context;
    (void)admin_->Info(&context, {}, &info);
    return info.generation();
  }
};

TEST_F(BackupTest, TakenUnderChangesItRestoresToExactlyOneGeneration) {
  StartController(true);
  std::atomic<bool> stop = false;
  std::atomic<int> changes = 0;
  std::thread writer([&] {
    while (!stop) ApplyPair(++changes);
  });
  ASSERT_TRUE(harness::Eventually([&] { return changes > 20; }));
  auto bytes = Backup();
  const int taken_at = changes;
  ASSERT_TRUE(harness::Eventually([&] { return changes > taken_at + 5; })) << "changes go on";
  stop = true;
  writer.join();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const std::string authority = credential_.ca_pem;
  const std::string file = directory_.Sub("fleet.backup");
  std::ofstream(file, std::ios::binary) << *bytes;
  const auto header = store::CheckBackup(AsFile(directory_, *bytes)->descriptor());
  ASSERT_TRUE(header.ok()) << header.status();

  controller_.reset();
  options_.restore = file;
  options_.restore_seal_key = options_.data_dir + "/seal.key";
  options_.data_dir = directory_.Sub("restored");
  StartController(true);
  EXPECT_EQ(Generation(), header->generation());
  EXPECT_EQ(AddressOf("left"), AddressOf("right")) << "half of a change";
  EXPECT_EQ(AddressOf("left"), "127.0.0.1:" + std::to_string(1000 + header->generation())) << "another generation's content";
  EXPECT_EQ(credential_.ca_pem, authority) << "agents must trust the restored controller";
  // A second time there is a store: refused, and nothing is touched.
  controller_.reset();
  const auto again = Controller::Start(options_, {&clock_, &log_, nullptr});
  EXPECT_TRUE(absl::IsFailedPrecondition(again.status())) << again.status();
}

TEST_F(BackupTest, ARestoreIsANewGenerationThatCanBeRolledBack) {
  StartController(true);
  ApplyPair(1);
  auto bytes = Backup();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  ApplyPair(2);
  v1::ApplyRequest more;
  *more.add_resources() = MakeUpstream("later");
  v1::ApplyResponse applied;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->Apply(&context, more, &applied).ok());
  v1::RestoreResponse response;
  ASSERT_TRUE(Restore(*bytes, response, /*dry_run=*/true).ok());
  EXPECT_EQ(AddressOf("left"), "127.0.0.1:1002") << "a dry run changes nothing";
  const grpc::Status restored = Restore(*bytes, response);
  ASSERT_TRUE(restored.ok()) << restored.error_message();
  EXPECT_EQ(response.restored(), 1U);
  EXPECT_EQ(response.generation(), 4U);
  EXPECT_EQ(AddressOf("left"), "127.0.0.1:1001");
  EXPECT_EQ(AddressOf("later"), "none");
  EXPECT_EQ(Generation(), 4U);
}

TEST_F(BackupTest, AFileThatIsCutOrBentOrNewerIsRefused) {
  StartController(true);
  ApplyPair(1);
  auto bytes = Backup();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  for (std::size_t length = 0; length < bytes->size(); length += 1 + length / 16) {
    EXPECT_FALSE(store::CheckBackup(AsFile(directory_, bytes->substr(0, length))->descriptor()).ok()) << "cut to " << length;
  }
  for (std::size_t at = 0; at < bytes->size(); at += 37) {
    std::string bent = *bytes;
    bent[at] = static_cast<char>(bent[at] ^ 1);
    EXPECT_FALSE(store::CheckBackup(AsFile(directory_, bent)->descriptor()).ok()) << "bent at " << at;
  }
  EXPECT_FALSE(store::CheckBackup(AsFile(directory_, *bytes + "x")->descriptor()).ok());
  v1::RestoreResponse response;
  const grpc::Status cut = Restore(bytes->substr(0, bytes->size() / 2), response);
  EXPECT_EQ(cut.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(cut.error_message().find("cut short"), std::string::npos) << cut.error_message();
  EXPECT_EQ(Generation(), 1U);

  std::string newer;
  store::BackupWriter writer([&](std::string_view piece) {
    newer.append(piece);
    return absl::OkStatus();
  });
  ASSERT_TRUE(writer.Begin({}).ok() && writer.End().ok());
  // The version is the header's first field: tag, then the number.
  const std::size_t version = newer.find(std::string("\x08\x01", 2), store::kBackupMagic.size());
  ASSERT_NE(version, std::string::npos);
  newer[version + 1] = 2;
  const auto refused = store::CheckBackup(AsFile(directory_, newer)->descriptor());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
}

// Made by the first version that made any, and kept: what people have on their disks must open for ever.
TEST_F(BackupTest, AFileOfTheFirstFormatStillRestores) {
  const char* source = std::getenv("YARD_SOURCE");
  ASSERT_NE(source, nullptr);
  const std::string data = std::string(source) + "/tests/unit/controlplane/backup/data/";
  options_.restore = data + "format-1.backup";
  options_.restore_seal_key = directory_.Sub("seal.key");
  const std::string key = ReadFile(data + "format-1.seal-key");
  ASSERT_FALSE(key.empty());
  std::ofstream(options_.restore_seal_key, std::ios::binary) << key;
  ASSERT_EQ(chmod(options_.restore_seal_key.c_str(), 0600), 0);
  StartController(true);
  EXPECT_EQ(Generation(), 3U);
  EXPECT_EQ(AddressOf("left"), "127.0.0.1:1003");
  v1::GetRequest request;
  request.mutable_key()->set_kind(v1::KIND_SECRET);
  request.mutable_key()->set_name("site");
  v1::Resource secret;
  grpc::ClientContext context;
  EXPECT_TRUE(admin_->Get(&context, request, &secret).ok());
}

TEST_F(BackupTest, AStoreInMemorySaysThatThereIsNothing) {
  StartController();
  EXPECT_FALSE(Backup().ok());
}

}  // namespace
}  // namespace switchyard::controlplane
