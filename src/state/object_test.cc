#include "state/object.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/digest.h"
#include "state/extent_map.h"
#include "state/manifest.h"
#include "state/object_file.h"
#include "state/test_vectors.h"

namespace easel {
namespace {

/// The text of a field, or "".
std::string Text(const json::object& document, std::string_view field) {
  const json::value* value = document.if_contains(field);
  return value == nullptr ? "" : std::string(value->get_string());
}

void ExpectFails(const Error& error, const std::string& path, const std::string& what) {
  EXPECT_EQ(error.reason, "OBJECT_DAMAGED");
  EXPECT_TRUE(error.message.starts_with(path)) << error.message;
  EXPECT_NE(error.message.find(what), std::string::npos) << error.message << "\nhas not: " << what;
}

/// A state root with one vector and the files that it uses, under their names.
class VectorStore {
 public:
  explicit VectorStore(const Vector& vector) {
    const json::object& document = vector.document.get_object();
    name_ = Text(document, "name");
    Add(name_, vector.bytes_path);
    if (const json::value* others = document.if_contains("others"))
      for (const auto& [name, file] : others->get_object())
        Add(name, ParentOf(vector.bytes_path) + "/" + std::string(file.get_string()));
  }
  const std::string& root() const { return folder_.path(); }
  const std::string& name() const { return name_; }

 private:
  void Add(const std::string& name, const std::string& from) {
    const std::string path = ObjectPath(root(), name);
    EXPECT_TRUE(MakeDirectories(ParentOf(path)));
    std::filesystem::copy_file(from, path);
  }
  TemporaryFolder folder_;
  std::string name_;
};

void ExpectComponent(const VectorStore& store, const ObjectFile& file, const json::object& component) {
  const auto offset = component.at("offset").to_number<std::int64_t>();
  const auto head = file.ReadHead(offset, component.at("length").to_number<std::int64_t>());
  if (const std::string error = Text(component, "error"); !error.empty()) {
    ASSERT_FALSE(head) << "not refused: " << error;
    return ExpectFails(head.error(), file.path(), error);
  }
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_TRUE(file.CheckStream(offset, *head));
  EXPECT_EQ(head->codec, Text(component, "codec"));
  EXPECT_EQ(json::value(json::array(head->members.begin(), head->members.end())), component.at("members"));
  EXPECT_EQ(json::value(json::array(head->objects.begin(), head->objects.end())), component.at("objects"));
  EXPECT_EQ(head->buffers.size(), component.at("buffers").get_array().size());
  for (const auto& [field, range] : {std::pair("debug", head->debug), std::pair("table", head->table)}) {
    EXPECT_EQ(range.has_value(), component.contains(field));
    if (range) {
      EXPECT_TRUE(file.ReadChecked(offset, *range));
    }
  }
  const json::array& extents = component.at("extents").get_array();
  ASSERT_EQ(head->extents.size(), extents.size());
  for (std::size_t i = 0; i < extents.size(); ++i) {
    EXPECT_EQ(head->extents[i].runs.size(), extents[i].at("runs").get_array().size());
    const auto map = ExtentMap::Map(store.root(), store.name(), *head, i);
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_EQ(DigestOf(map->bytes()), Text(extents[i].get_object(), "sha256"));
  }
}

TEST(ObjectFile, VectorsAreReadOrRefused) {
  for (const Vector& vector : ReadVectors("object")) {
    SCOPED_TRACE(vector.name);
    const json::object& document = vector.document.get_object();
    const VectorStore store(vector);
    const std::string path = ObjectPath(store.root(), store.name());
    const auto file = ObjectFile::Open(path);
    if (const std::string error = Text(document, "error"); !error.empty()) {
      ASSERT_FALSE(file);
      ExpectFails(file.error(), path, error);
      continue;
    }
    ASSERT_TRUE(file) << file.error().message;
    const Status whole = file->Verify(store.name());
    if (const std::string damage = Text(document, "damage"); !damage.empty()) {
      ASSERT_FALSE(whole);
      ExpectFails(whole.error(), path, damage);
    }
    bool good = true;
    for (const json::value& component : document.at("components").get_array()) {
      ExpectComponent(store, *file, component.get_object());
      good = good && !component.get_object().contains("error");
    }
    if (good && !document.contains("damage")) {
      EXPECT_TRUE(whole) << whole.error().message;
      const auto components = file->Components();
      ASSERT_TRUE(components) << components.error().message;
      EXPECT_EQ(components->size(), document.at("components").get_array().size());
    }
  }
}

std::string PathOfVector(const std::string& name) {
  return std::string(EASEL_SOURCE_DIR) + "/contracts/vectors/object/" + name + ".bin";
}

std::string NameOfVector(const std::string& name) {
  for (const Vector& vector : ReadVectors("object"))
    if (vector.name == name) return Text(vector.document.get_object(), "name");
  return "";
}

TEST(ObjectFile, EveryFlippedBitIsFound) {
  const std::string name = NameOfVector("two_components");
  const std::string whole = *ReadFile(PathOfVector("two_components"));
  TemporaryFolder folder;
  const std::string path = folder.path() + "/o";
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    const auto file = ObjectFile::Open(path);
    if (!file) continue;
    const Status verified = file->Verify(name);
    ASSERT_FALSE(verified) << "byte " << at;
    EXPECT_TRUE(verified.error().message.starts_with(path));
  }
}

TEST(ObjectFile, EveryTruncationIsFound) {
  const std::string name = NameOfVector("two_components");
  const std::string whole = *ReadFile(PathOfVector("two_components"));
  TemporaryFolder folder;
  const std::string path = folder.path() + "/o";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const auto file = ObjectFile::Open(path);
    ASSERT_TRUE(!file || !file->Verify(name)) << size;
  }
}

TEST(ObjectFile, WhatIsNoPlainFileIsNamed) {
  TemporaryFolder folder;
  EXPECT_EQ(ObjectFile::Open(folder.path() + "/gone").error().code, Code::kNotFound);
  EXPECT_EQ(ObjectFile::Open(folder.path()).error().reason, "OBJECT_DAMAGED");
  ASSERT_EQ(::symlink("/dev/zero", (folder.path() + "/link").c_str()), 0);
  EXPECT_EQ(ObjectFile::Open(folder.path() + "/link").error().reason, "OBJECT_DAMAGED");
}

TEST(ObjectFile, VerifyingCanBeStoppedAndCanLeaveDataOut) {
  const std::string name = NameOfVector("base");
  TemporaryFolder folder;
  const std::string path = folder.path() + "/o";
  std::string bytes = *ReadFile(PathOfVector("base"));
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  ASSERT_TRUE(WriteFileAtomically(path, bytes));
  const auto file = ObjectFile::Open(path);
  ASSERT_TRUE(file);
  const std::atomic<bool> stop = true;
  EXPECT_EQ(file->Verify(name, {.stop = &stop}).error().code, Code::kCancelled);
  EXPECT_TRUE(file->Verify(name, {.max_data_bytes = 1000}));
  EXPECT_EQ(file->Verify(name).error().reason, "OBJECT_DAMAGED");
}

TEST(ExtentMap, ABaseThatIsTooShortIsNamed) {
  for (const Vector& vector : ReadVectors("object")) {
    if (vector.name != "patch") continue;
    const VectorStore store(vector);
    const json::object& component = vector.document.at("components").at(0).get_object();
    const std::string base(component.at("objects").at(0).get_string());
    std::filesystem::remove(ObjectPath(store.root(), base));
    const auto file = ObjectFile::Open(ObjectPath(store.root(), store.name()));
    const auto head = file->ReadHead(component.at("offset").to_number<std::int64_t>(),
                                     component.at("length").to_number<std::int64_t>());
    ASSERT_TRUE(head);
    EXPECT_EQ(ExtentMap::Map(store.root(), store.name(), *head, 0).error().code, Code::kNotFound);
    std::filesystem::copy_file(PathOfVector("two_components"), ObjectPath(store.root(), base));
    const auto mapped = ExtentMap::Map(store.root(), store.name(), *head, 0);
    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().reason, "OBJECT_DAMAGED");
    EXPECT_NE(mapped.error().message.find(base), std::string::npos);
    EXPECT_EQ(ExtentMap::Map(store.root(), store.name(), *head, 1).error().reason, "OBJECT_DAMAGED");
  }
}

}  // namespace
}  // namespace easel
