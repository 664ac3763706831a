#include "executor/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace easel {
namespace {

// A peer that lets this much pile up has stopped reading. It may connect again and get the kept events anew.
constexpr std::size_t kMostUnsentBytes = std::size_t{64} << 20;

}  // namespace

Connection::Connection(EventLoop& loop, UniqueFd socket, Listener listener)
    : loop_(loop), socket_(std::move(socket)), listener_(std::move(listener)) {
  loop_.Watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { OnReady(events); });
}

Connection::~Connection() {
  if (!closed_) loop_.Forget(socket_.get());
}

void Connection::Send(std::string_view line) {
  if (!closed_) unsent_.append(line);
}

void Connection::Flush() {
  if (closed_ || unsent_.empty()) return;
  std::size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t n =
        ::send(socket_.get(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return Close();
    sent += static_cast<std::size_t>(n);
  }
  unsent_.erase(0, sent);
  if (unsent_.size() > kMostUnsentBytes) return Close();
  if (waits_for_room_ != !unsent_.empty()) {
    waits_for_room_ = !unsent_.empty();
    loop_.Change(socket_.get(), waits_for_room_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

void Connection::OnReady(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush();
  if (closed_ || (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
  char buffer[1 << 16];
  const ssize_t n = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Close();
  std::vector<std::string> lines;
  const Status fed = lines_.Feed({buffer, static_cast<std::size_t>(n)}, lines);
  for (std::string& line : lines)
    if (!closed_) listener_.on_line(*this, std::move(line));
  if (!fed) Close();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  loop_.Forget(socket_.get());
  socket_.Reset();
  listener_.on_closed(*this);
}

}  // namespace easel
