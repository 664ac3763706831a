// Plays every testdata/*.scenario.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/scenario.h"

namespace easel {
namespace {

std::vector<std::string> ScenarioFiles() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(EASEL_SOURCE_DIR "/src/engine/testdata"))
    if (entry.path().extension() == ".scenario") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

/// A file holds several situations, each after a line "== name"; each begins with an empty world.
TEST_P(ScenarioTest, GoesAsWritten) {
  std::ifstream in(EASEL_SOURCE_DIR "/src/engine/testdata/" + GetParam() + ".scenario");
  ASSERT_TRUE(in.good());
  std::unique_ptr<Scenario> scenario;
  int number = 0;
  const auto finish = [&] {
    if (scenario == nullptr) return;
    scenario->End();
    for (const std::string& failure : scenario->failures()) ADD_FAILURE() << failure;
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("== ")) {
      finish();
      scenario = std::make_unique<Scenario>(GetParam() + " (" + line.substr(3) + ")");
    } else if (scenario != nullptr) {
      scenario->Play(number, line);
    }
  }
  finish();
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, testing::ValuesIn(ScenarioFiles()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace easel
