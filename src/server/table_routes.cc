// Tables that blocks left: what they are, pages of their rows, and what their columns hold. No Python runs.

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

#include "base/processors.h"
#include "base/text.h"
#include "server/routes.h"
#include "server/spool.h"
#include "server/table_cache.h"
#include "server/table_work.h"

namespace easel {
namespace {

constexpr std::chrono::milliseconds kPatience{300};
constexpr std::size_t kMostTables = 12;
constexpr std::int64_t kMostSelectionBytes = 256 << 20;
constexpr std::int64_t kMostRows = 1000, kMostColumns = 1000;
constexpr std::size_t kExportPiece = 1 << 20;
constexpr std::chrono::hours kExportTime{1};  // nobody says whether the client still waits
constexpr int kExportsAtOnce = 2;

/// In the order of EaselTableOperation.
constexpr std::array<std::string_view, 12> kOperations = {
    "=", "!=", "<", "<=", ">", ">=", "between", "in", "contains", "starts_with", "missing", "not_missing"};

int ScanThreads() { return std::min(UsableProcessors(), 4); }

struct Tables {
  const ServerParts& parts;
  TableCache cache{kMostTables, kMostSelectionBytes};
  TableWork work{2, ScanThreads(), 64};
  Spools spools{parts.workspace.state_folder() + "/new", kExportsAtOnce};
};

TablePlace PlaceOf(const Tables& tables, const Call& call, std::string attempt) {
  std::string block = call.Path("block");
  if (tables.parts.block_name)
    if (auto name = tables.parts.block_name(call.canvas_root, block)) block = *std::move(name);
  return {.canvas_root = call.canvas_root,
          .block = std::move(block),
          .attempt = std::move(attempt),
          .variable = call.Path("variable")};
}

std::string ScopeOf(const Call& call) { return call.canvas_root + '\n'; }

/// What a query's document says; `text` is the same for the same query.
struct Asked {
  std::string attempt;
  TableQuery query;
  std::string text;
  TableCells cells;
  int column = 0;
};

std::unexpected<Error> Refuse(const std::string& what) {
  return Fail(Code::kInvalidArgument, "TABLE_QUERY", what);
}

Result<TableCondition> ReadCondition(const json::value& value) {
  JsonReader in(value, "where");
  TableCondition out{.column = static_cast<int>(std::clamp<std::int64_t>(in.Int("column"), -1, INT32_MAX))};
  const std::string operation = in.String("is");
  out.values = in.StringsOr("values");
  out.match_case = in.BoolOr("case", false);
  EASEL_RETURN_IF_ERROR(in.status());
  EASEL_RETURN_IF_ERROR(CheckFields(value.as_object(), {"column", "is", "values", "case"}));
  const auto found = std::ranges::find(kOperations, operation);
  if (found == kOperations.end())
    return Refuse("`is` of a condition is one of " +
                  JoinWords(std::vector<std::string>(kOperations.begin(), kOperations.end())) + ", not `" +
                  operation + "`");
  out.operation = static_cast<EaselTableOperation>(found - kOperations.begin());
  return out;
}

/// `{"attempt"?, "where"?, "search"?, "sort"?, "offset"?, "limit"?, "columns"?, "column"?}`; what a route does not take, it
/// does not look at.
Result<Asked> ReadAsked(const json::value& body) {
  if (!body.is_object()) return Refuse("a query is an object");
  EASEL_RETURN_IF_ERROR(CheckFields(
      body.as_object(), {"attempt", "where", "search", "sort", "offset", "limit", "columns", "column"}));
  JsonReader in(body, "query");
  Asked out;
  out.attempt = in.StringOr("attempt", "");
  out.query.search = in.StringOr("search", "");
  out.cells.offset = in.IntOr("offset", 0);
  out.cells.limit = in.IntOr("limit", 200);
  out.column = static_cast<int>(std::clamp<std::int64_t>(in.IntOr("column", 0), -1, INT32_MAX));
  const json::array *where = in.ArrayOr("where"), *sort = in.ArrayOr("sort"),
                    *columns = in.ArrayOr("columns");
  EASEL_RETURN_IF_ERROR(in.status());
  json::object text;
  if (where != nullptr) {
    for (const json::value& one : *where) {
      EASEL_TRY(out.query.conditions.emplace_back(), ReadCondition(one));
    }
    text["where"] = *where;
  }
  if (sort != nullptr) {
    for (const json::value& one : *sort) {
      JsonReader by(one, "sort");
      out.query.sorts.push_back({static_cast<int>(std::clamp<std::int64_t>(by.Int("column"), -1, INT32_MAX)),
                                 by.BoolOr("descending", false)});
      EASEL_RETURN_IF_ERROR(by.status());
      EASEL_RETURN_IF_ERROR(CheckFields(one.as_object(), {"column", "descending"}));
    }
    text["sort"] = *sort;
  }
  text["search"] = out.query.search;
  out.text = json::serialize(text);
  if (columns != nullptr) {
    if (static_cast<std::int64_t>(columns->size()) > kMostColumns)
      return Refuse("at most " + std::to_string(kMostColumns) + " columns at a time");
    for (const json::value& column : *columns) {
      const std::int64_t* number = column.if_int64();
      if (number == nullptr) return Refuse("`columns` are numbers of columns, from 0");
      out.cells.columns.push_back(static_cast<int>(std::clamp<std::int64_t>(*number, -1, INT32_MAX)));
    }
  }
  return out;
}

Result<HttpResponse> Describe(Tables& tables, const Call& call) {
  const TablePlace place = PlaceOf(tables, call, call.request.target.Query("attempt").value_or(""));
  EASEL_TRY(const auto table, tables.cache.Open(place));
  EASEL_TRY(std::string origin, TableCache::OriginOf(place, *table));
  EASEL_TRY(json::value about, ParseJson(table->about, "table"));
  json::object& out = about.as_object();
  out["stored_rows"] = out["rows"];
  out["rows"] = std::max(table->rows, out["rows"].as_int64());
  out["complete"] = table->complete;
  out["attempt"] = table->attempt;
  out["variable"] = table->variable;
  out["type"] = table->type;
  out["origin"] = std::move(origin);
  return JsonResponse(about);
}

/// The selection of a query, made if it is not there.
Result<std::shared_ptr<TableSelection>> SelectionOf(Tables& tables, const OpenTable& table,
                                                    const Asked& asked, TableProgress& progress) {
  if (auto found = tables.cache.Find(table, asked.text)) return found;
  EASEL_TRY(auto made, table.view->Select(asked.query, progress));
  tables.cache.Keep(table, asked.text, made);
  return made;
}

using Look = std::function<Result<std::string>(TableSelection& selection, const Asked& asked,
                                               TableProgress& progress)>;

/// Answer with what `look` finds, or with 202 and how far it is.
Result<HttpResponse> Answer(Tables& tables, const Call& call, const std::string& what, const Look& look) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_TRY(Asked asked, ReadAsked(body));
  EASEL_TRY(const auto table, tables.cache.Open(PlaceOf(tables, call, asked.attempt)));
  const std::string key = ScopeOf(call) + call.Path("block") + '\n' + table->attempt + '\n' +
                          table->variable + '\n' + what + json::serialize(body);
  const auto shared = std::make_shared<const Asked>(std::move(asked));
  EASEL_TRY(const TableWork::Answer answer,
            tables.work.Ask(key, kPatience,
                            [&tables, table, shared, look](TableProgress& progress) -> Result<std::string> {
                              EASEL_TRY(const auto selection, SelectionOf(tables, *table, *shared, progress));
                              EASEL_TRY(std::string found, look(*selection, *shared, progress));
                              tables.cache.Keep(*table, shared->text, selection);  // it has grown
                              return "\"count\":" + std::to_string(selection->rows()) +
                                     ",\"result\":" + found;
                            }));
  const std::string attempt = "{\"attempt\":" + json::serialize(json::string(table->attempt)) + ",";
  if (const auto* pending = std::get_if<TableWork::Pending>(&answer))
    return HttpResponse{.status = 202,
                        .body = attempt + "\"work\":\"" + pending->id +
                                "\",\"done\":" + json::serialize(json::value(pending->done)) + "}"};
  return HttpResponse{.body = attempt + std::get<std::string>(answer) + "}"};
}

/// The rows of a query as a file of any size: CSV or Parquet.
Result<HttpResponse> Export(Tables& tables, const Call& call) {
  const HttpTarget& target = call.request.target;
  const std::string format = target.Query("format").value_or("csv");
  const bool parquet = format == "parquet";
  if (!parquet && format != "csv")
    return Fail(Code::kInvalidArgument, "EXPORT_FORMAT",
                "a table is exported as csv or parquet, not as `" + format +
                    "`; a block writes other forms: df.to_excel(\"table.xlsx\")");
  EASEL_TRY(const json::value query, ParseJson(target.Query("query").value_or("{}"), "query"));
  EASEL_TRY(Asked asked, ReadAsked(query));
  EASEL_TRY(const auto table, tables.cache.Open(PlaceOf(tables, call, target.Query("attempt").value_or(""))));
  TableProgress progress{.threads = ScanThreads()};
  progress.deadline_ns =
      std::chrono::nanoseconds((std::chrono::steady_clock::now() + kExportTime).time_since_epoch()).count();
  EASEL_TRY(const auto selection, SelectionOf(tables, *table, asked, progress));
  asked.cells = {.offset = 0, .limit = INT64_MAX, .columns = asked.cells.columns};
  if (asked.cells.columns.empty()) {
    EASEL_TRY(const json::value about, ParseJson(table->about, "table"));
    asked.cells.columns.resize(about.at("columns").as_array().size());
    std::iota(asked.cells.columns.begin(), asked.cells.columns.end(), 0);
  }
  EASEL_TRY(Spools::Spool spool, tables.spools.Open());
  std::string buffer;
  Status written;
  const auto flush = [&] {
    written = spool.Write(buffer);
    buffer.clear();
    return written.has_value();
  };
  const TableSelection::Write keep = [&](std::string_view piece) {
    buffer += piece;
    return buffer.size() < kExportPiece || flush();
  };
  const Status done =
      parquet ? selection->Parquet(asked.cells, progress, keep) : selection->Csv(asked.cells, progress, keep);
  if (done) flush();
  EASEL_RETURN_IF_ERROR(written);
  EASEL_RETURN_IF_ERROR(done);
  HttpResponse out{.content_type = parquet ? "application/vnd.apache.parquet" : "text/csv; charset=utf-8"};
  EASEL_TRY(out.file, std::move(spool).Finish());
  std::string name;
  for (const char c : table->variable)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '_';
  out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "." + format + "\"");
  return out;
}

}  // namespace

void AddTableRoutes(Router& router, const ServerParts& parts) {
  const std::shared_ptr<Tables> tables(new Tables{.parts = parts});
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}",
                              [tables](const Call& call) { return Describe(*tables, call); });
  router.Add<Access::kViewer>(
      "POST", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}/rows", [tables](const Call& call) {
        return Answer(*tables, call, "rows",
                      [](TableSelection& selection, const Asked& asked,
                         TableProgress& progress) -> Result<std::string> {
                        if (asked.cells.limit > kMostRows)
                          return Refuse("at most " + std::to_string(kMostRows) + " rows at a time");
                        return selection.Page(asked.cells, progress);
                      });
      });
  router.Add<Access::kViewer>(
      "POST", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}/summary",
      [tables](const Call& call) {
        return Answer(*tables, call, "summary",
                      [](TableSelection& selection, const Asked& asked, TableProgress& progress) {
                        return selection.Summary(asked.column, progress);
                      });
      });
  router.Add<Access::kViewer>(
      "POST", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}/cells", [tables](const Call& call) {
        return Answer(*tables, call, "cells",
                      [](TableSelection& selection, const Asked& asked, TableProgress& progress) {
                        return selection.Aggregate(asked.cells, progress);
                      });
      });
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}/export",
                              [tables](const Call& call) { return Export(*tables, call); });
  router.Add<Access::kViewer>(
      "DELETE", "/api/v1/canvases/{canvas}/blocks/{block}/tables/{variable}/work/{work}",
      [tables](const Call& call) -> Result<HttpResponse> {
        tables->work.Stop(ScopeOf(call), call.Path("work"));  // what is over needs no stopping
        return HttpResponse{.status = 204, .content_type = "", .body = "", .headers = {}};
      });
}

}  // namespace easel
