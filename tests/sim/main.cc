// yard-sim: prints the tables of tables.h as Markdown. `--small` for a quick look, a table's name for that table alone.
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "tests/sim/laws.h"
#include "tests/sim/tables.h"

int main(int argc, char** argv) {
  using namespace switchyard::tests::sim;
  bool full = true;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--small") {
      full = false;
    } else {
      only = argv[i];
    }
  }
  constexpr std::pair<std::string_view, std::string (*)(bool)> kTables[] = {
      {"uneven", Uneven}, {"even", Even}, {"slower", Slower}, {"gray", Gray}, {"finagle", Finagle}, {"deploy", Deploy}, {"breaker", BreakerChanges},
      {"laws", Laws}, {"verdicts", Verdicts}, {"slow", SlowVerdicts}, {"silence", Silence}};
  bool any = false;
  for (const auto& [name, table] : kTables) {
    if (!only.empty() && only != name) continue;
    any = true;
    std::fputs(table(full).c_str(), stdout);
    std::fputs("\n", stdout);
    std::fflush(stdout);
  }
  if (any) return 0;
  std::fputs("usage: yard-sim [--small] [uneven|even|slower|gray|finagle|deploy|breaker|laws|verdicts|slow|silence]\n", stderr);
  return 2;
}
