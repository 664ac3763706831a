#include "state/table.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <random>

#include "base/digest.h"
#include "base/file.h"
#include "state/bytes.h"
#include "state/slot_table.h"
#include "state/test_tables.h"
#include "state/test_vectors.h"

namespace easel {
namespace {

Result<TablePreview> Preview(const std::string& ipc, std::int64_t rows = 20, std::int64_t columns = 50) {
  return ReadTablePreview(ipc, "object", rows, columns);
}

/// All values of one column.
std::string Shown(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  const auto preview = Preview(IpcFile({{"c", Values(type, json)}}));
  if (!preview) return preview.error().message;
  std::string out;
  for (const auto& row : preview->rows) out += (out.empty() ? "" : "|") + row.at(0);
  return out;
}

TEST(TablePreview, FirstRowsAndColumnsOfAnOrdinaryFrame) {
  const auto preview = Preview(IpcFile({{"id", Values(arrow::int64(), "[1, 2, null]")},
                                        {"name", Values(arrow::utf8(), R"(["a", "b\nc", null])")},
                                        {"x", Values(arrow::float64(), "[0.1, NaN, 1e300]")}},
                                       2),
                               4, 2);
  ASSERT_TRUE(preview) << preview.error().message;
  EXPECT_EQ(preview->total_rows, 6);
  EXPECT_EQ(preview->total_columns, 3);
  ASSERT_EQ(preview->columns.size(), 2u);
  EXPECT_EQ(preview->columns[1].name, "name");
  EXPECT_EQ(preview->columns[1].type, "string");
  EXPECT_EQ(preview->rows, (std::vector<std::vector<std::string>>{
                               {"1", "a"}, {"2", "b\\nc"}, {"null", "null"}, {"1", "a"}}));
}

TEST(TablePreview, TruthValuesInBytesPeriodsAndCategories) {
  const auto noted = [](const std::string& name, const std::string& extension, const std::string& about,
                        const std::shared_ptr<arrow::DataType>& type) {
    return arrow::field(name, type)
        ->WithMetadata(arrow::key_value_metadata({"ARROW:extension:name", "ARROW:extension:metadata"},
                                                 {extension, about}));
  };
  const auto period = [&](const std::string& frequency) {
    return noted(frequency, "pandas.period", "{\"freq\": \"" + frequency + "\"}", arrow::int64());
  };
  const auto schema = arrow::schema({noted("b", "arrow.bool8", "", arrow::int8()), period("D"), period("M"),
                                     period("Q-DEC"), period("h"), period("W-WED"),
                                     arrow::field("c", arrow::dictionary(arrow::int8(), arrow::utf8()))});
  arrow::ArrayVector arrays = {Values(arrow::int8(), "[0, 2, null]")};
  for (int i = 0; i < 5; ++i) arrays.push_back(Values(arrow::int64(), "[0, -1, null]"));
  arrays.push_back(Values(schema->field(6)->type(), R"(["x", null, "y"])"));
  const auto sink = *arrow::io::BufferOutputStream::Create();
  const auto writer = *arrow::ipc::MakeFileWriter(sink, schema);
  ASSERT_TRUE(writer->WriteRecordBatch(*arrow::RecordBatch::Make(schema, 3, arrays)).ok());
  ASSERT_TRUE(writer->Close().ok());
  const auto preview = Preview((*sink->Finish())->ToString());
  ASSERT_TRUE(preview) << preview.error().message;
  std::vector<std::string> types;
  for (const auto& column : preview->columns) types.push_back(column.type);
  EXPECT_EQ(types, (std::vector<std::string>{"bool", "period[D]", "period[M]", "period[Q-DEC]", "period[h]",
                                             "period[W-WED]", "dictionary<string>"}));
  EXPECT_EQ(preview->rows,
            (std::vector<std::vector<std::string>>{
                {"false", "1970-01-01", "1970-01", "1970Q1", "1970-01-01T00:00:00", "0", "x"},
                {"true", "1969-12-31", "1969-12", "1969Q4", "1969-12-31T23:00:00", "-1", "null"},
                {"null", "null", "null", "null", "null", "null", "y"}}));
}

TEST(TablePreview, NumbersAndTexts) {
  EXPECT_EQ(Shown(arrow::boolean(), "[true, false, null]"), "true|false|null");
  EXPECT_EQ(Shown(arrow::uint64(), "[18446744073709551615]"), "18446744073709551615");
  EXPECT_EQ(Shown(arrow::int8(), "[-128, 127]"), "-128|127");
  EXPECT_EQ(Shown(arrow::float32(), "[0.1, Inf, -0.0]"), "0.1|inf|-0");
  EXPECT_EQ(Shown(arrow::float16(), "[1.5]"), "1.5");
  EXPECT_EQ(Shown(arrow::decimal128(10, 2), R"(["123.45"])"), "123.45");
  EXPECT_EQ(Shown(arrow::decimal256(40, 0), R"(["-7"])"), "-7");
  EXPECT_EQ(Shown(arrow::large_utf8(), R"(["größe \"q\" \\", "\u001b[31m\u202e"])"),
            R"(größe "q" \|\x1b[31m\u202e)");
  EXPECT_EQ(Shown(arrow::utf8_view(), R"(["a string longer than twelve bytes"])"),
            "a string longer than twelve bytes");
  EXPECT_EQ(Shown(arrow::binary(), R"(["\u0000ab"])"), "0x006162");
  EXPECT_EQ(Shown(arrow::null(), "[null, null]"), "null|null");
  EXPECT_EQ(Shown(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null, "y", "x"])"), "x|null|y|x");
}

TEST(TablePreview, DatesAndTimes) {
  EXPECT_EQ(Shown(arrow::date32(), "[0, 19782, -1, -719162]"), "1970-01-01|2024-02-29|1969-12-31|0001-01-01");
  EXPECT_EQ(Shown(arrow::date64(), "[86400000, -86400000]"), "1970-01-02|1969-12-31");
  EXPECT_EQ(Shown(arrow::timestamp(arrow::TimeUnit::NANO), "[1709213820250000000, -1]"),
            "2024-02-29T13:37:00.250|1969-12-31T23:59:59.999999999");
  EXPECT_EQ(Shown(arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin"), "[0]"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Shown(arrow::timestamp(arrow::TimeUnit::SECOND), "[9223372036854775807, -9223372036854775808]")
                .find("292277026596-12-04T"),
            0u);
  EXPECT_EQ(Shown(arrow::time64(arrow::TimeUnit::MICRO), "[49020000001, 0]"), "13:37:00.000001|00:00:00");
  EXPECT_EQ(Shown(arrow::duration(arrow::TimeUnit::MILLI), "[93784500, -1500, 0]"),
            "1d 02:03:04.500|-00:00:01.500|00:00:00");
  EXPECT_EQ(Shown(arrow::duration(arrow::TimeUnit::SECOND), "[-9223372036854775808]"),
            "-9223372036854775808s");
}

TEST(TablePreview, NestedValuesLookLikeJson) {
  EXPECT_EQ(Shown(arrow::list(arrow::int32()), "[[1, null], [], null]"), "[1, null]|[]|null");
  EXPECT_EQ(Shown(arrow::fixed_size_list(arrow::utf8(), 2), R"([["a", "\""]])"), R"(["a", "\""])");
  EXPECT_EQ(Shown(arrow::list_view(arrow::int8()), "[[1], [2, 3]]"), "[1]|[2, 3]");
  EXPECT_EQ(Shown(arrow::struct_({arrow::field("a", arrow::int8()), arrow::field("b", arrow::utf8())}),
                  R"([{"a": 1, "b": "x"}, null])"),
            R"({"a": 1, "b": "x"}|null)");
  EXPECT_EQ(Shown(arrow::map(arrow::utf8(), arrow::int8()), R"([[["k", 1]]])"), R"({"k": 1})");
  EXPECT_EQ(
      Shown(arrow::dense_union({arrow::field("i", arrow::int8()), arrow::field("s", arrow::utf8())}, {0, 1}),
            R"([[0, 5], [1, "x"]])"),
      "5|x");
  const auto runs = *arrow::RunEndEncodedArray::Make(4, Values(arrow::int32(), "[1, 4]"),
                                                     Values(arrow::utf8(), R"(["a", null])"));
  const auto preview = Preview(IpcFile({{"r", runs}}));
  ASSERT_TRUE(preview) << preview.error().message;
  EXPECT_EQ(preview->rows[0][0], "a");
  EXPECT_EQ(preview->rows[3][0], "null");
}

TEST(TablePreview, LongValuesAreCut) {
  std::string numbers = "[[0";
  for (int i = 0; i < 100'000; ++i) numbers += ",1";
  EXPECT_LT(Shown(arrow::list(arrow::int32()), numbers + "]]").size(), 500u);
  EXPECT_LT(Shown(arrow::utf8(), "[\"" + std::string(100'000, 'x') + "\"]").size(), 500u);
}

TEST(TablePreview, NoRowsAndNoColumns) {
  EXPECT_EQ(Preview(IpcFile({{"a", Values(arrow::int8(), "[]")}}))->total_rows, 0);
  EXPECT_EQ(Preview(IpcFile({}))->total_columns, 0);
}

TEST(TablePreview, DamageNamesTheFile) {
  const std::string good = IpcFile({{"a", Values(arrow::int64(), "[1]")}});
  for (const std::string& bad :
       {good.substr(0, good.size() - 9), std::string("not arrow at all"), std::string(5, 'A')}) {
    const auto preview = Preview(bad);
    ASSERT_FALSE(preview);
    EXPECT_EQ(preview.error().reason, "TABLE_DAMAGED");
    EXPECT_NE(preview.error().message.find("object: not a readable Arrow table"), std::string::npos);
  }
  EXPECT_EQ(ReadTablePreview("", "empty").error().reason, "TABLE_DAMAGED");
}

/// Write an object with one arrow component whose extent 0 has these `content` bytes: of `runs` the ones of this file are
/// at 4096 and hold what `own` has. Returns the slot of it.
Slot WriteTableObject(const std::string& root, std::string_view content,
                      const std::vector<std::array<std::int64_t, 3>>& runs, std::string_view own,
                      const std::vector<std::string>& objects) {
  std::string chunks;
  for (std::size_t at = 0; at < content.size(); at += kChunkBytes) {
    const RawDigest digest = RawDigestOf(content.substr(at, kChunkBytes));
    chunks.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  static constexpr std::size_t kHead = 1000;
  const auto crc = [](std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
  };
  json::array run_list;
  for (const auto& [object, offset, length] : runs) run_list.push_back(json::array{object, offset, length});
  std::string head = json::serialize(json::object{
      {"codec", "arrow"},
      {"version", 2},
      {"members", json::array{"df"}},
      {"stream", json::array{16 + kHead, 0}},
      {"crc32", 0},
      {"objects", json::array(objects.begin(), objects.end())},
      {"extents",
       json::array{json::object{{"length", content.size()}, {"chunks", 16 + kHead}, {"runs", run_list}}}}});
  head.resize(kHead, ' ');
  std::string file("EASELOBJ\2\0\0\0\0\0\0\0", 16), component("ECMP\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  StoreLittle<std::uint32_t>(component.data() + 4, kHead);
  StoreLittle(component.data() + 8, crc(head));
  component += head + chunks;
  file.resize(4096);
  file += own;
  file.resize((file.size() + 63) / 64 * 64);
  const std::uint64_t meta = file.size();
  file += component;
  std::string trailer(24, '\0');
  StoreLittle<std::uint64_t>(trailer.data(), meta);
  StoreLittle<std::uint64_t>(trailer.data() + 8, component.size());
  StoreLittle(trailer.data() + 16, crc(trailer.substr(0, 16)));
  file += trailer + "EASELEND";
  Slot slot{.objects = objects,
            .offset = static_cast<std::int64_t>(meta),
            .length = static_cast<std::int64_t>(component.size()),
            .codec = "arrow"};
  slot.object = DigestOf(file.substr(0, 16) + file.substr(meta));
  slot.table = TableRange{.extent = 0, .rows = 300'000, .complete = true};
  EXPECT_TRUE(MakeDirectories(ParentOf(ObjectPath(root, slot.object))));
  EXPECT_TRUE(WriteFileAtomically(ObjectPath(root, slot.object), file));
  return slot;
}

TEST(SlotTable, AnExtentOverTwoObjectsIsReadAtItsEndAndVerifiedOnce) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < 300'000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const std::string table = IpcFile({{"n", *builder.Finish()}});
  std::string changed = table;
  const std::int64_t minus = -5;
  changed.replace(kChunkBytes + 8 * 1000, 8, reinterpret_cast<const char*>(&minus), 8);
  TemporaryFolder folder;
  const auto length = static_cast<std::int64_t>(table.size());
  const Slot base = WriteTableObject(folder.path(), table, {{0, 4096, length}}, table, {});
  const std::int64_t rest = length - 2 * kChunkBytes;
  ASSERT_GT(rest, 0);
  const Slot patch =
      WriteTableObject(folder.path(), changed,
                       {{1, 4096, kChunkBytes}, {0, 4096, kChunkBytes}, {1, 4096 + 2 * kChunkBytes, rest}},
                       std::string_view(changed).substr(kChunkBytes, kChunkBytes), {base.object});
  ObjectStamps stamps(folder.path());
  const auto before = ReadSlotTable(folder.path(), base, stamps, 300'000, 50);
  ASSERT_TRUE(before) << before.error().message;
  const auto after = ReadSlotTable(folder.path(), patch, stamps, 300'000, 50);
  ASSERT_TRUE(after) << after.error().message;
  ASSERT_EQ((*after)->rows.size(), 300'000u);
  EXPECT_EQ((*after)->rows.back()[0], "299999");
  int differ = 0;
  for (std::size_t i = 0; i < 300'000; ++i) differ += (*before)->rows[i] != (*after)->rows[i];
  EXPECT_EQ(differ, 1);

  // A flipped bit in the base is found, although its component is not the one that is read.
  std::string bytes = *ReadFile(ObjectPath(folder.path(), base.object));
  bytes[4096 + 2 * kChunkBytes + 100] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(ObjectPath(folder.path(), base.object), bytes));
  const auto damaged = ReadSlotTable(folder.path(), patch, stamps, 5, 50);
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find(base.object), std::string::npos);
}

TEST(TablePreview, FlippedBytesNeverCrash) {
  const std::string good =
      IpcFile({{"s", Values(arrow::utf8(), R"(["abc", null, "defgh"])")},
               {"l", Values(arrow::list(arrow::int16()), "[[1, 2], [], [3]]")},
               {"d", Values(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", "y", "x"])")},
               {"t", Values(arrow::timestamp(arrow::TimeUnit::MICRO), "[1, 2, 3]")}},
              2);
  std::mt19937 random(11);
  for (int round = 0; round < 1500; ++round) {
    std::string bad = good;
    for (int k = 0; k < 1 + round % 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    (void)Preview(bad);
  }
}

}  // namespace
}  // namespace easel
