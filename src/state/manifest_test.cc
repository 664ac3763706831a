#include "state/manifest.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "state/test_vectors.h"

namespace easel {
namespace {

TEST(Manifest, VectorsAreReadAndWrittenBackOrRefused) {
  for (const Vector& vector : ReadVectors("manifest")) {
    const json::value& document = vector.document.at("manifest");
    const auto manifest = ParseManifest(json::serialize(document), vector.name);
    if (const json::value* error = vector.document.get_object().if_contains("error")) {
      ASSERT_FALSE(manifest) << vector.name;
      EXPECT_NE(manifest.error().message.find(error->get_string().c_str()), std::string::npos)
          << vector.name << ": " << manifest.error().message;
      EXPECT_TRUE(manifest.error().message.starts_with(vector.name)) << manifest.error().message;
    } else {
      ASSERT_TRUE(manifest) << vector.name << ": " << manifest.error().message;
      const std::string written = SerializeManifest(*manifest);
      EXPECT_EQ(*ParseJson(written, "written"), document) << written;
      EXPECT_EQ(SerializeManifest(*ParseManifest(written, "again")), written);
    }
  }
}

TEST(Manifest, SettingsKeepTheirOrder) {
  const auto value = ParseJson(
      R"({"variables":{},"slots":{},"settings":{"module:b":true,"module:a":true,"cwd":"x"}})", "state");
  const auto state = ReadState(*value, "state");
  ASSERT_TRUE(state);
  ASSERT_EQ(state->settings.size(), 3u);
  EXPECT_EQ(state->settings[0].first, "module:b");
  EXPECT_EQ(json::serialize(WriteState(*state)), json::serialize(*value));
}

TEST(LoadManifest, DamageNamesTheFile) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/manifest.json";
  const std::string text =
      R"({"easel_manifest":1,"canvas":"c","attempt":"r/b.1","run":"r","block":"b","epoch":1,"state":{"variables":{},"slots":{}}})";
  ASSERT_TRUE(WriteFileAtomically(path, text));
  EXPECT_TRUE(LoadManifest(path, DigestOf(text)));
  EXPECT_TRUE(LoadManifest(path, ""));
  const auto changed = LoadManifest(path, DigestOf("other"));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().reason, "MANIFEST_DAMAGED");
  EXPECT_TRUE(changed.error().message.starts_with(path));
  ASSERT_TRUE(WriteFileAtomically(path, text.substr(0, 40)));
  EXPECT_EQ(LoadManifest(path, "").error().reason, "MANIFEST_DAMAGED");
  EXPECT_EQ(LoadManifest(folder.path(), "").error().reason, "MANIFEST_DAMAGED");
  EXPECT_EQ(LoadManifest(path + ".gone", "").error().code, Code::kNotFound);
}

TEST(Manifest, PlacesBelowTheStateRoot) {
  EXPECT_EQ(ManifestPath("/c/.easel", "r0/load.3"), "/c/.easel/attempts/r0/load.3/manifest.json");
  EXPECT_EQ(JournalPath("/c/.easel", "r0/load.3"), "/c/.easel/attempts/r0/load.3/journal");
  EXPECT_EQ(ObjectPath("/c/.easel", "abcd"), "/c/.easel/objects/ab/abcd");
}

}  // namespace
}  // namespace easel
