// H2: many pages of one canvas, in one thread: they take and acknowledge what docs/formats/live.md says, and nothing else.
//
//   many_pages PORT CANVAS[,CANVAS...] COOKIE PAGES      pages take the canvases in turn
//
// Prints {"connected": …} when all have come and nothing more is told, and then answers lines of stdin with one line of JSON:
//   change BLOCK ROUNDS   page 0 moves the block; ms from sending until each page and until the last has the operation
//   finish BLOCK ROUNDS   waits for so many ends of attempts of the block (somebody else runs it); ms from the attempt's own
//                         `finished_ms` until each page and the last has its standing
// Ends with its stdin.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

double NowMs() {
  using namespace std::chrono;
  return duration<double, std::milli>(system_clock::now().time_since_epoch()).count();
}

[[noreturn]] void Die(const std::string& what) {
  std::cerr << "many_pages: " << what << (errno != 0 ? std::string(": ") + std::strerror(errno) : "") << "\n";
  std::exit(1);
}

struct Page {
  int fd = -1;
  bool open = false;
  std::string in;  ///< received and not understood yet
};

class Pages {
 public:
  Pages(int port, const std::string& canvases, std::string cookie, std::size_t count)
      : port_(port), cookie_(std::move(cookie)), pages_(count) {
    std::istringstream names(canvases);
    for (std::string name; std::getline(names, name, ',');) canvases_.push_back(name);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  }

  void ConnectAll() {
    const double began = NowMs();
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      Connect(i);
      while (!pages_[i].open) Poll(1000);
    }
    const double last_ms = NowMs() - began;
    // Until nothing came for a while: everybody has been told of everybody. Where something runs, that never is.
    while (Poll(500) && NowMs() - began < last_ms + 10'000) {
    }
    std::printf("{\"connected\": %zu, \"ms\": %.1f, \"received\": %llu}\n", pages_.size(), last_ms,
                static_cast<unsigned long long>(received_));
    std::fflush(stdout);
  }

  void Change(const std::string& block, int rounds) {
    std::vector<double> each, all;
    for (int round = 0; round < rounds; ++round) {
      const std::string token = "bench-" + std::to_string(::getpid()) + "-" + std::to_string(++tokens_);
      std::vector<bool> seen(pages_.size());
      std::size_t missing = pages_.size();
      const double began = NowMs();
      on_batch_ = [&](std::size_t page, std::string_view text) {
        if (seen[page] || text.find(token) == text.npos) return;
        seen[page] = true;
        --missing;
        each.push_back(NowMs() - began);
      };
      Send(pages_[0], R"({"op":"change","token":")" + token + R"(","change":{"op":"move","moves":[{"id":")" +
                          block + R"(","at":{"x":)" + std::to_string(tokens_ * 10) + R"(,"y":0}}]}})");
      while (missing > 0)
        if (!Poll(5000)) Die(std::to_string(missing) + " pages were not told of a change");
      all.push_back(NowMs() - began);
      on_batch_ = {};
      while (Poll(30)) {
      }
    }
    Say(std::move(each), std::move(all));
  }

  void Finish(const std::string& block, int rounds) {
    std::vector<double> each, all;
    const std::string mark = "\"block\":\"" + block + "\"";
    for (int round = 0; round < rounds; ++round) {
      std::vector<bool> seen(pages_.size());
      std::size_t missing = pages_.size();
      double finished = 0;
      on_batch_ = [&](std::size_t page, std::string_view text) {
        const auto states = text.find("\"states\":[");
        if (seen[page] || states == text.npos) return;
        // {"state":"up_to_date",…,"finished_ms":N,"block":"…"}: in the one object that names the block.
        const auto found = text.find(mark, states);
        if (found == text.npos) return;
        const auto begin = text.rfind('{', found);
        const std::string_view one = text.substr(begin, text.find('}', found) - begin);
        const auto at = one.find("\"finished_ms\":");
        if (at == one.npos || one.find("\"up_to_date\"") == one.npos) return;
        const double told = std::strtod(one.data() + at + 14, nullptr);
        if (told <= finished_) return;
        finished = told;
        seen[page] = true;
        --missing;
        each.push_back(NowMs() - told);
      };
      while (missing > 0)
        if (!Poll(20000)) Die(std::to_string(missing) + " pages were not told of an attempt's end");
      all.push_back(NowMs() - finished);
      finished_ = finished;
    }
    on_batch_ = {};
    Say(std::move(each), std::move(all));
  }

  /// Takes what comes while waiting for a command.
  bool WaitForInput() {
    for (;;) {
      pollfd wait[2] = {{0, POLLIN, 0}, {epoll_, POLLIN, 0}};
      ::poll(wait, 2, -1);
      if (wait[1].revents != 0) Poll(0);
      if (wait[0].revents != 0) return true;
    }
  }

 private:
  void Connect(std::size_t i) {
    Page& page = pages_[i];
    page.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port_));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (page.fd < 0 || ::connect(page.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) Die("connect");
    const int one = 1;
    ::setsockopt(page.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::string host = "127.0.0.1:" + std::to_string(port_);
    Write(page, "GET /api/v1/canvases/" + canvases_[i % canvases_.size()] + "/live HTTP/1.1\r\nHost: " +
                    host + "\r\nOrigin: http://" + host + "\r\nCookie: " + cookie_ +
                    "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    ::fcntl(page.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, page.fd, &event);
  }

  /// Messages to the server are small, and it reads them: a full socket is a mistake.
  static void Write(Page& page, const std::string& bytes) {
    if (::write(page.fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) Die("write");
  }

  static void Send(Page& page, const std::string& text) {
    std::string frame = "\x81";
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 255);
    }
    frame += std::string(4, '\0');  // a mask of zeros leaves the text as it is
    Write(page, frame + text);
  }

  /// Take what came; false if nothing came within `timeout_ms`.
  bool Poll(int timeout_ms) {
    epoll_event events[256];
    const int n = ::epoll_wait(epoll_, events, 256, timeout_ms);
    for (int i = 0; i < n; ++i) Read(events[i].data.u64);
    return n > 0;
  }

  void Read(std::size_t i) {
    static char buffer[1 << 18];
    Page& page = pages_[i];
    const ssize_t got = ::read(page.fd, buffer, sizeof buffer);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) return;
      Die("page " + std::to_string(i) + " was closed");
    }
    received_ += static_cast<std::uint64_t>(got);
    page.in.append(buffer, static_cast<std::size_t>(got));
    if (!page.open && !page.in.starts_with("HTTP/1.1 101") && page.in.size() > 12)
      Die("page " + std::to_string(i) + " was refused: " + page.in.substr(0, 400));
    std::size_t at = 0;
    if (!page.open) {
      const auto end = page.in.find("\r\n\r\n");
      if (end == page.in.npos) return;
      at = end + 4;
      page.open = true;
    }
    for (;;) {
      const std::size_t left = page.in.size() - at;
      const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(page.in[at + k]); };
      if (left < 2) break;
      std::size_t length = byte(1) & 127, head = 2;
      if (length >= 126) {
        const std::size_t bytes = length == 126 ? 2 : 8;
        if (left < 2 + bytes) break;
        length = 0;
        for (std::size_t k = 0; k < bytes; ++k) length = length << 8 | byte(2 + k);
        head = 2 + bytes;
      }
      if (left < head + length) break;
      const int kind = byte(0) & 15;
      const std::string_view text = std::string_view(page.in).substr(at + head, length);
      at += head + length;
      if (kind == 8) Die("page " + std::to_string(i) + " was ended: " + std::string(text.substr(2)));
      if (kind == 1) Take(i, text);
    }
    page.in.erase(0, at);
    if (page.in.empty() && page.in.capacity() > 4096) page.in = std::string();
  }

  void Take(std::size_t i, std::string_view text) {
    static constexpr std::string_view kBatch = "{\"type\":\"batch\",\"batch\":";
    if (!text.starts_with(kBatch)) return;
    const std::string number = std::to_string(std::strtoll(text.data() + kBatch.size(), nullptr, 10));
    if (on_batch_) on_batch_(i, text);
    Send(pages_[i], "{\"op\":\"ack\",\"batch\":" + number + "}");
  }

  static void Say(std::vector<double> each, std::vector<double> all) {
    std::ranges::sort(each);
    const auto quantile = [&](double q) {
      return each[std::min(each.size() - 1, static_cast<std::size_t>(q * static_cast<double>(each.size())))];
    };
    std::printf("{\"each\": {\"min\": %.3f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}, \"all\": [",
                each.front(), quantile(0.5), quantile(0.99), each.back());
    for (std::size_t i = 0; i < all.size(); ++i) std::printf("%s%.3f", i == 0 ? "" : ", ", all[i]);
    std::printf("]}\n");
    std::fflush(stdout);
  }

  const int port_;
  std::vector<std::string> canvases_;
  const std::string cookie_;
  std::vector<Page> pages_;
  int epoll_ = -1;
  std::uint64_t received_ = 0;
  int tokens_ = 0;
  double finished_ = 0;
  std::function<void(std::size_t page, std::string_view text)> on_batch_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) Die("usage: many_pages PORT CANVAS COOKIE PAGES");
  Pages pages(std::atoi(argv[1]), argv[2], argv[3], static_cast<std::size_t>(std::atoll(argv[4])));
  pages.ConnectAll();
  std::string line;
  while (pages.WaitForInput() && std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string what, block;
    int rounds = 1;
    words >> what >> block >> rounds;
    if (what == "change")
      pages.Change(block, rounds);
    else if (what == "finish")
      pages.Finish(block, rounds);
    else
      Die("there is no command `" + what + "`");
  }
}
