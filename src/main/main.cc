// The program `easel`: everything that it can do is a subcommand (cli/commands.cc).

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const int code = easel::RunCommandLine(easel::Commands(), words, std::cout, std::cerr, STDOUT_FILENO);
  std::cout.flush();
  if (code == easel::kExitGood && !std::cout) {
    std::cerr << "easel: could not write all of the output\n";
    return easel::kExitInfrastructure;
  }
  return code;
}
