// A column's type as a person reads it.
#pragma once

#include <arrow/type.h>

#include <string>

namespace easel::table {

/// In a word or two: `string`, `period[M]`, `dictionary<string>`, `timestamp[us, tz=Europe/Berlin]`.
std::string TypeText(const arrow::Field& field);

/// The frequency of a column of pandas Periods, which are numbers to Arrow; empty for other columns.
std::string PeriodFrequency(const arrow::Field& field);

}  // namespace easel::table
