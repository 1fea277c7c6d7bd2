// Smoke driver for fuzz targets where there is no libFuzzer: runs every seed, then mutations of seeds, for a few seconds.
//
//   NAME_fuzz [--seconds N] [--runs N] [--seed N] FILE|FOLDER...
// Ends at whichever bound comes first (default 3 seconds, 100000 runs). Prints the seed; the same seed and corpus give the same inputs.
// A crash writes the input to `crash-input` in the working directory; run the target with that file alone to see it again.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using switchyard::Random;

constexpr std::size_t kMaxInput = 64 * 1024;

struct Options {
  std::uint64_t seconds = 3;
  std::uint64_t runs = 100'000;
  std::uint64_t seed = switchyard::SecureSeed();
  std::vector<std::string> corpus;
};

// The input that runs now, for the handler of a crash.
const char* current_data = nullptr;
std::size_t current_size = 0;

extern "C" void KeepInput(int signal) {
  const int fd = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0 && ::write(fd, current_data, current_size) >= 0) ::close(fd);
  constexpr std::string_view kText = "the input is in ./crash-input\n";
  if (::write(2, kText.data(), kText.size()) < 0) ::_exit(1);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void RunOne(const std::string& input) {
  // An exact allocation, so that a sanitizer sees the first byte beyond it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  current_data = reinterpret_cast<const char*>(bytes.data());
  current_size = bytes.size();
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// One small change: what libFuzzer's simplest mutators do.
void Mutate(std::string& input, const std::vector<std::string>& corpus, Random& random) {
  const std::size_t at = random.Below(input.size() + 1);
  const std::size_t length = std::min<std::size_t>(input.size() - at, random.Below(16));
  switch (random.Below(7)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.Below(8)));
      return;
    case 1:
      if (at < input.size()) input[at] = static_cast<char>(random.Below(256));
      return;
    case 2:
      input.erase(at, length);
      return;
    case 3:
      input.insert(at, input.substr(at, length));
      return;
    case 4:
      input.insert(at, 1 + random.Below(8), static_cast<char>(random.Below(256)));
      return;
    case 5:
      input.resize(at);
      return;
    default: {
      const std::string& other = corpus[random.Below(corpus.size())];
      const std::size_t from = random.Below(other.size() + 1);
      input.insert(at, other.substr(from, random.Below(64)));
    }
  }
}

std::vector<std::string> Load(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> out;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return out;
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::uint64_t* number = word == "--seconds" ? &options.seconds : word == "--runs" ? &options.runs : word == "--seed" ? &options.seed : nullptr;
    if (number == nullptr) options.corpus.emplace_back(word);
    else if (++i < argc) *number = std::strtoull(argv[i], nullptr, 10);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  std::vector<std::string> corpus = Load(options.corpus);
  std::printf("%zu seeds, seed %llu\n", corpus.size(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(signal, KeepInput);
  for (const std::string& input : corpus) RunOne(input);
  corpus.emplace_back();
  Random random(options.seed);
  const switchyard::SystemClock clock;
  const switchyard::TimePoint end = clock.Now() + std::chrono::seconds(options.seconds);
  std::uint64_t runs = 0;
  for (; runs < options.runs && clock.Now() < end; ++runs) {
    std::string input = corpus[random.Below(corpus.size())];
    for (std::uint64_t changes = 1 + random.Below(5); changes > 0; --changes) Mutate(input, corpus, random);
    if (input.size() > kMaxInput) input.resize(kMaxInput);
    RunOne(input);
  }
  std::printf("%llu mutated inputs, no complaint\n", static_cast<unsigned long long>(runs));
  return 0;
}
