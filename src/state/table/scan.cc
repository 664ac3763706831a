#include "state/table/scan.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <thread>
#include <vector>

namespace easel::table {

int WorkersOf(const EaselTableControl& control) { return std::clamp(control.threads, 1, 16); }

arrow::Status Scan(std::int64_t rows, const EaselTableControl& control, double from, double to,
                   const std::function<arrow::Status(std::int64_t, std::int64_t, int)>& piece) {
  const std::int64_t pieces = (rows + kPieceRows - 1) / kPieceRows;
  const int workers = static_cast<int>(std::min<std::int64_t>(WorkersOf(control), pieces));
  std::atomic<std::int64_t> next{0}, done{0};
  std::atomic<bool> over{false};
  std::vector<arrow::Status> status(static_cast<std::size_t>(std::max(workers, 1)));
  const auto work = [&](int worker) {
    arrow::Status& mine = status[static_cast<std::size_t>(worker)];
    try {
      for (std::int64_t i = next++; i < pieces && !over; i = next++) {
        mine = piece(i * kPieceRows, std::min(rows, (i + 1) * kPieceRows), worker);
        const double share = static_cast<double>(++done) / static_cast<double>(pieces);
        if (mine.ok() && control.tick != nullptr &&
            control.tick(control.context, from + (to - from) * share) != 0)
          mine = arrow::Status::Cancelled("stopped");
        if (!mine.ok()) over = true;
      }
    } catch (const std::bad_alloc&) {
      mine = arrow::Status::OutOfMemory("there is not enough memory");
      over = true;
    } catch (const std::exception& problem) {
      mine = arrow::Status::UnknownError(problem.what());
      over = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (int worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
    if (workers > 0) work(0);
  }
  // The reason counts, not that others stopped because of it.
  for (const arrow::Status& one : status)
    if (!one.ok() && !one.IsCancelled()) return one;
  for (const arrow::Status& one : status) ARROW_RETURN_NOT_OK(one);
  return arrow::Status::OK();
}

}  // namespace easel::table
