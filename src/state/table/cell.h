// One value of an Arrow array as text for a person.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace easel::table {

/// Append value `i` of `array`, which must have passed ValidateFull: nulls as `null`, times in ISO 8601 (instants in
/// UTC with a Z), bytes as 0x…, lists and structs like JSON. Stops soon after `limit` bytes.
void AppendCell(const arrow::Array& array, std::int64_t i, std::size_t limit, std::string& out);

/// Append `text` with control characters, bidirectional overrides and broken UTF-8 escaped.
void AppendEscaped(std::string_view text, std::size_t limit, bool quotes, std::string& out);

}  // namespace easel::table
