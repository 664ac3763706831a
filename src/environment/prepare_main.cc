// easel-environment: make an environment without running anything, and print the path of its Python. Set-up and the
// tests use it; people get the same from `easel run`.

#include <cstdio>
#include <string>

#include "environment/environment.h"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3 || argv[1][0] == '-') {
    std::fputs("usage: easel-environment NAME [CANVAS]\n", stderr);
    return 2;
  }
  const auto made = easel::PrepareEnvironment(
      easel::EnvironmentOptionsOfThisMachine(), argc == 3 ? argv[2] : "", argv[1], [](std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
      });
  if (!made) {
    std::fprintf(stderr, "easel-environment: %s\n", made.error().message.c_str());
    return 1;
  }
  std::puts(made->python.c_str());
}
