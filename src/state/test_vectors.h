// Reading contracts/vectors in tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace easel {

struct Vector {
  std::string name;
  std::string bytes_path;  ///< NAME.bin
  json::value document;
};

inline std::vector<Vector> ReadVectors(const std::string& folder) {
  std::vector<Vector> out;
  const std::string root = std::string(EASEL_SOURCE_DIR) + "/contracts/vectors/" + folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() != ".json") continue;
    const auto text = ReadFile(entry.path().string());
    EXPECT_TRUE(text) << entry.path();
    auto document = ParseJson(*text, entry.path().string());
    EXPECT_TRUE(document) << entry.path();
    out.push_back({entry.path().stem().string(), root + "/" + entry.path().stem().string() + ".bin",
                   *std::move(document)});
  }
  std::sort(out.begin(), out.end(), [](const Vector& a, const Vector& b) { return a.name < b.name; });
  EXPECT_FALSE(out.empty()) << root;
  return out;
}

/// A folder for one test, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char path[] = "/tmp/easel_state_XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace easel
