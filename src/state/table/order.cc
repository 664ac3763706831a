#include "state/table/order.h"

#include <arrow/result.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "state/table/scan.h"

namespace easel::table {
namespace {

constexpr std::int64_t kWindowRows = 1 << 20;
constexpr std::size_t kMostWindows = 8;
constexpr std::size_t kSortBins = 1 << 16;
constexpr std::size_t kTextPartBytes = 7;  // of a text in one part
// Views of texts may overlap, so that a small file has endless ones; what is alike for so long counts as equal.
constexpr std::size_t kComparedBytes = 1 << 16;
constexpr std::size_t kMostTextParts = 64;  // while more rows than a window has are alike

/// Seven bytes of a text from `number` * 7 on, then how many there are: 1 to 8 for 0 to 7, 9 if the text goes on. So no key
/// is 0 or kLastKey, and shorter comes before longer.
std::uint64_t TextKey(std::string_view text, std::size_t number) {
  const std::size_t at = std::min(text.size(), number * kTextPartBytes);
  const std::size_t left = text.size() - at;
  unsigned char bytes[8] = {};
  std::memcpy(bytes, text.data() + at, std::min(left, kTextPartBytes));
  bytes[7] = static_cast<unsigned char>(left > kTextPartBytes ? 9 : left + 1);
  std::uint64_t key = 0;
  for (const unsigned char byte : bytes) key = key << 8 | byte;
  return key;
}

}  // namespace

Order::Order(std::vector<By> columns, const RowSet& rows) : columns_(std::move(columns)), set_(rows) {}

std::uint64_t Order::KeyOf(Part part, std::int64_t row) const {
  std::uint64_t key = 0;
  FillPart(part, row, 1, &key);
  return key;
}

void Order::FillPart(Part part, std::int64_t begin, std::int64_t n, std::uint64_t* keys) const {
  const By& by = columns_[part.by];
  const Column& column = *by.column;
  const auto turned = [&](std::uint64_t key) { return by.descending ? ~key : key; };
  if (column.kind() == Kind::kText) {
    for (std::int64_t i = 0; i < n; ++i)
      keys[i] = column.array().IsNull(begin + i) ? kLastKey
                                                 : turned(TextKey(column.TextAt(begin + i), part.number));
    return;
  }
  if (column.is_wide()) {
    // Upper half, lower half, and whether it is missing at all.
    for (std::int64_t i = 0; i < n; ++i) {
      if (column.array().IsNull(begin + i)) {
        keys[i] = kLastKey;
        continue;
      }
      const auto value = static_cast<unsigned __int128>(column.WideAt(begin + i));
      keys[i] = part.number == 0   ? turned(static_cast<std::uint64_t>(value >> 64) ^ std::uint64_t{1} << 63)
                : part.number == 1 ? turned(static_cast<std::uint64_t>(value))
                                   : 1;
    }
    return;
  }
  std::array<std::uint8_t, kBlockRows> missing;
  const bool any = column.FillKeys(begin, n, keys, missing.data());
  if (part.number > 0) {
    for (std::int64_t i = 0; i < n; ++i) keys[i] = missing[static_cast<std::size_t>(i)] != 0 ? kLastKey : 1;
    return;
  }
  if (!by.descending) return;
  for (std::int64_t i = 0; i < n; ++i) keys[i] = ~keys[i];
  if (any)
    for (std::int64_t i = 0; i < n; ++i)
      if (missing[static_cast<std::size_t>(i)] != 0) keys[i] = kLastKey;
}

/// The part that decides between rows whose key of `part` is `key`; nothing: they are equal.
std::optional<Order::Part> Order::PartBehind(Part part, std::uint64_t key) const {
  const By& by = columns_[part.by];
  const Column& column = *by.column;
  bool more = false;
  if (column.kind() == Kind::kText)
    more = key != kLastKey && ((by.descending ? ~key : key) & 0xFF) == 9;
  else if (column.is_wide())
    more = part.number < 2;
  else
    more = column.full_range() && part.number == 0 && key == kLastKey;
  if (more) return Part{part.by, part.number + 1};
  if (part.by + 1 < columns_.size()) return Part{part.by + 1, 0};
  return std::nullopt;
}

bool Order::Less(std::int64_t a, std::int64_t b, Part from) const {
  std::optional<Part> part = from;
  while (part) {
    const By& by = columns_[part->by];
    if (by.column->kind() == Kind::kText && by.column->array().IsValid(a) && by.column->array().IsValid(b)) {
      // Texts are compared at once, not seven bytes at a time.
      const int order = by.column->TextAt(a)
                            .substr(0, kComparedBytes)
                            .compare(by.column->TextAt(b).substr(0, kComparedBytes));
      if (order != 0) return by.descending ? order > 0 : order < 0;
      part = part->by + 1 < columns_.size() ? std::optional(Part{part->by + 1, 0}) : std::nullopt;
      continue;
    }
    const std::uint64_t key_a = KeyOf(*part, a), key_b = KeyOf(*part, b);
    if (key_a != key_b) return key_a < key_b;
    part = PartBehind(*part, key_a);
  }
  return a < b;
}

template <typename Visit>
void Order::ForEach(const std::vector<Limit>& limits, Part part, std::int64_t begin, std::int64_t end,
                    Visit visit) const {
  std::array<std::uint64_t, kBlockRows> keys;
  std::array<std::uint16_t, kBlockRows> chosen;
  for (std::int64_t block = begin; block < end; block += kBlockRows) {
    const std::int64_t n = std::min(kBlockRows, end - block);
    // The first limit goes through all rows of the block, further ones look only at what is left.
    std::size_t left = 0;
    const bool whole = limits.empty();
    const Limit first = whole ? Limit{.part = part} : limits[0];
    const std::int64_t start = set_.Next(block, block + n);
    if (start == block + n) continue;
    FillPart(first.part, block, n, keys.data());
    if (set_.all()) {
      for (std::int64_t i = 0; i < n; ++i) {
        chosen[left] = static_cast<std::uint16_t>(i);
        left += keys[static_cast<std::size_t>(i)] - first.low <= first.high - first.low ? 1 : 0;
      }
    } else {
      for (std::int64_t row = start; row < block + n; row = set_.Next(row + 1, block + n)) {
        const auto i = static_cast<std::size_t>(row - block);
        chosen[left] = static_cast<std::uint16_t>(i);
        left += keys[i] - first.low <= first.high - first.low ? 1 : 0;
      }
    }
    Part filled = first.part;
    for (std::size_t l = 1; l < limits.size() && left > 0; ++l) {
      const Limit& limit = limits[l];
      std::size_t kept = 0;
      for (std::size_t c = 0; c < left; ++c) {
        const std::uint64_t key = KeyOf(limit.part, block + chosen[c]);
        keys[chosen[c]] = key;
        chosen[kept] = chosen[c];
        kept += key - limit.low <= limit.high - limit.low ? 1 : 0;
      }
      left = kept;
      filled = limit.part;
    }
    for (std::size_t c = 0; c < left; ++c) {
      const std::int64_t row = block + chosen[c];
      visit(row, filled == part ? keys[chosen[c]] : KeyOf(part, row));
    }
  }
}

std::size_t Order::BinOf(const Node& node, std::uint64_t key) {
  return key == kLastKey ? kSortBins : static_cast<std::size_t>((key - node.low) >> node.shift);
}

arrow::Result<Order::Node> Order::MakeNode(std::vector<Limit> limits, Part part, std::int64_t first,
                                           std::int64_t count,
                                           std::optional<std::pair<std::uint64_t, std::uint64_t>> range,
                                           const EaselTableControl& control, double from, double to) {
  Node node{.limits = std::move(limits), .part = part, .first = first, .count = count, .bins = {}};
  const auto workers = static_cast<std::size_t>(WorkersOf(control));
  const double middle = range ? from : from + (to - from) / 2;
  if (!range) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> found(workers, {kLastKey, 0});
    ARROW_RETURN_NOT_OK(
        Scan(set_.rows(), control, from, middle, [&](std::int64_t begin, std::int64_t end, int worker) {
          auto [low, high] = found[static_cast<std::size_t>(worker)];
          ForEach(node.limits, part, begin, end, [&](std::int64_t, std::uint64_t key) {
            low = std::min(low, key);
            high = std::max(high, key == kLastKey ? 0 : key);
          });
          found[static_cast<std::size_t>(worker)] = {low, high};
          return arrow::Status::OK();
        }));
    range = found[0];
    for (const auto& [low, high] : found) {
      range->first = std::min(range->first, low);
      range->second = std::max(range->second, high);
    }
  }
  node.low = range->first;
  node.high = std::max(range->first, range->second);
  node.shift = std::max(0, static_cast<int>(std::bit_width(node.high - node.low)) - 16);
  std::vector<std::vector<std::int64_t>> bins(workers);
  ARROW_RETURN_NOT_OK(
      Scan(set_.rows(), control, middle, to, [&](std::int64_t begin, std::int64_t end, int worker) {
        std::vector<std::int64_t>& mine = bins[static_cast<std::size_t>(worker)];
        mine.resize(kSortBins + 1);
        ForEach(node.limits, part, begin, end,
                [&](std::int64_t, std::uint64_t key) { ++mine[BinOf(node, key)]; });
        return arrow::Status::OK();
      }));
  node.bins.assign(kSortBins + 1, 0);
  for (const auto& some : bins)
    for (std::size_t b = 0; b < some.size(); ++b) node.bins[b] += some[b];
  return node;
}

/// All rows within the limits, at most kWindowRows, sorted.
arrow::Result<Order::Window> Order::Collect(const std::vector<Limit>& limits, std::int64_t first,
                                            const EaselTableControl& control) {
  const Part part = limits.empty() ? Part{} : limits.back().part;
  using Found = std::vector<std::pair<std::uint64_t, std::int64_t>>;
  std::vector<Found> found(static_cast<std::size_t>(WorkersOf(control)));
  ARROW_RETURN_NOT_OK(
      Scan(set_.rows(), control, 0.7, 0.95, [&](std::int64_t begin, std::int64_t end, int worker) {
        Found& mine = found[static_cast<std::size_t>(worker)];
        ForEach(limits, part, begin, end,
                [&](std::int64_t row, std::uint64_t key) { mine.emplace_back(key, row); });
        return arrow::Status::OK();
      }));
  Found all = std::move(found[0]);
  for (std::size_t i = 1; i < found.size(); ++i) all.insert(all.end(), found[i].begin(), found[i].end());
  std::ranges::sort(all);
  // Within equal keys the next part decides; rows without one stay in their order.
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const std::optional<Part> next = PartBehind(part, all[begin].first);
    if (end - begin > 1 && next)
      std::sort(all.begin() + static_cast<std::ptrdiff_t>(begin),
                all.begin() + static_cast<std::ptrdiff_t>(end),
                [&](const auto& a, const auto& b) { return Less(a.second, b.second, *next); });
  }
  Window window{.begin = first, .rows = {}};
  window.rows.reserve(all.size());
  for (const auto& [key, row] : all) window.rows.push_back(row);
  return window;
}

/// Of rows that are all equal: those around `place`, in the file's order.
arrow::Result<Order::Window> Order::CollectTies(const std::vector<Limit>& limits, std::int64_t first,
                                                std::int64_t count, std::int64_t place,
                                                const EaselTableControl& control) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>((set_.rows() + kPieceRows - 1) / kPieceRows));
  const Part part = limits.back().part;
  ARROW_RETURN_NOT_OK(Scan(set_.rows(), control, 0.7, 0.9, [&](std::int64_t begin, std::int64_t end, int) {
    std::int64_t here = 0;
    ForEach(limits, part, begin, end, [&](std::int64_t, std::uint64_t) { ++here; });
    counts[static_cast<std::size_t>(begin / kPieceRows)] = here;
    return arrow::Status::OK();
  }));
  const std::int64_t from = std::clamp<std::int64_t>(place - first - kWindowRows / 2, 0,
                                                     std::max<std::int64_t>(0, count - kWindowRows));
  const std::int64_t to = std::min(count, from + kWindowRows);
  Window window{.begin = first + from, .rows = {}};
  std::int64_t at = 0;
  for (std::size_t piece = 0; piece < counts.size() && at < to; at += counts[piece++]) {
    if (at + counts[piece] <= from) continue;
    std::int64_t here = at;
    const std::int64_t begin = static_cast<std::int64_t>(piece) * kPieceRows;
    ForEach(limits, part, begin, std::min(set_.rows(), begin + kPieceRows),
            [&](std::int64_t row, std::uint64_t) {
              if (here >= from && here < to) window.rows.push_back(row);
              ++here;
            });
  }
  return window;
}

/// Make the window that has `place` and put it in front.
arrow::Status Order::Descend(std::int64_t place, const EaselTableControl& control) {
  const auto keep = [&](Window window) {
    windows_.push_front(std::move(window));
    if (windows_.size() > kMostWindows) windows_.pop_back();
  };
  if (set_.count() <= kWindowRows) {
    ARROW_ASSIGN_OR_RAISE(Window window, Collect({}, 0, control));
    keep(std::move(window));
    return {};
  }
  while (!path_.empty() && (place < path_.back().first || place >= path_.back().first + path_.back().count))
    path_.pop_back();
  if (path_.empty()) {
    ARROW_ASSIGN_OR_RAISE(Node top, MakeNode({}, {}, 0, set_.count(), std::nullopt, control, 0, 0.4));
    path_.push_back(std::move(top));
  }
  for (;;) {
    const Node& node = path_.back();
    std::size_t bin = 0;
    std::int64_t first = node.first;
    while (first + node.bins[bin] <= place) first += node.bins[bin++];
    const auto low_of = [&](std::size_t b) {
      return b == kSortBins ? kLastKey : node.low + (static_cast<std::uint64_t>(b) << node.shift);
    };
    const auto high_of = [&](std::size_t b) {
      return b == kSortBins ? kLastKey
                            : std::min(node.high, low_of(b) + ((std::uint64_t{1} << node.shift) - 1));
    };
    std::int64_t count = node.bins[bin];
    if (count <= kWindowRows) {
      // As many neighbours as fit: what is scrolled to next. Missing values have a key of their own and stay apart.
      std::size_t begin = bin, end = bin;
      for (bool grew = bin != kSortBins; grew;) {
        grew = false;
        if (end + 1 < kSortBins && low_of(end + 1) <= node.high && low_of(end + 1) > low_of(end) &&
            count + node.bins[end + 1] <= kWindowRows) {
          count += node.bins[++end];
          grew = true;
        }
        if (begin > 0 && count + node.bins[begin - 1] <= kWindowRows) {
          count += node.bins[--begin];
          first -= node.bins[begin];
          grew = true;
        }
      }
      std::vector<Limit> limits = node.limits;
      limits.push_back({node.part, low_of(begin), high_of(end)});
      ARROW_ASSIGN_OR_RAISE(Window window, Collect(limits, first, control));
      keep(std::move(window));
      return {};
    }
    const std::uint64_t low = low_of(bin), high = high_of(bin);
    std::vector<Limit> limits = node.limits;
    limits.push_back({node.part, low, high});
    if (low != high) {
      ARROW_ASSIGN_OR_RAISE(Node next, MakeNode(std::move(limits), node.part, first, count,
                                                std::pair(low, high), control, 0.4, 0.7));
      path_.push_back(std::move(next));
      continue;
    }
    const std::optional<Part> part = PartBehind(node.part, low);
    if (!part || part->number > kMostTextParts) {
      ARROW_ASSIGN_OR_RAISE(Window window, CollectTies(limits, first, count, place, control));
      keep(std::move(window));
      return {};
    }
    ARROW_ASSIGN_OR_RAISE(Node next,
                          MakeNode(std::move(limits), *part, first, count, std::nullopt, control, 0.4, 0.7));
    path_.push_back(std::move(next));
  }
}

arrow::Result<const Order::Window*> Order::WindowWith(std::int64_t place, const EaselTableControl& control) {
  for (auto it = windows_.begin(); it != windows_.end(); ++it)
    if (it->begin <= place && place < it->end()) {
      windows_.splice(windows_.begin(), windows_, it);
      return &windows_.front();
    }
  ARROW_RETURN_NOT_OK(Descend(place, control));
  const Window& made = windows_.front();
  if (place < made.begin || place >= made.end())
    return arrow::Status::SerializationError("the file changed while it was sorted");
  return &made;
}

arrow::Result<std::vector<std::int64_t>> Order::Rows(std::int64_t begin, std::int64_t end,
                                                     const EaselTableControl& control) {
  std::vector<std::int64_t> out;
  while (begin < end) {
    ARROW_ASSIGN_OR_RAISE(const Window* window, WindowWith(begin, control));
    const std::int64_t until = std::min(end, window->end());
    out.insert(out.end(), window->rows.begin() + (begin - window->begin),
               window->rows.begin() + (until - window->begin));
    begin = until;
  }
  return out;
}

std::size_t Order::bytes() const {
  std::size_t bytes = 0;
  for (const Window& window : windows_) bytes += window.rows.size() * sizeof(std::int64_t);
  for (const Node& node : path_) bytes += node.bins.size() * sizeof(std::int64_t);
  return bytes;
}

}  // namespace easel::table
