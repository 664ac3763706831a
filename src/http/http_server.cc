#include "http/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <thread>
#include <vector>

#include "base/log.h"

namespace easel {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;
/// A connection stays on the one thread of its loop: it needs neither locks nor strands.
using Executor = net::io_context::executor_type;
using Socket = beast::basic_stream<tcp, Executor>;

/// What connections share with the server, and what outlives both while handlers still hold on to it.
struct Shared {
  HttpHandler& handler;
  const HttpLimits limits;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> requests = 0;  ///< handed to the handler, and not written yet
};

HttpHeaders HeadersOf(const http::fields& fields) {
  HttpHeaders out;
  for (const auto& field : fields) {
    std::string name(field.name_string());
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out.emplace_back(std::move(name), std::string(field.value()));
  }
  return out;
}

/// Counts an open connection while a copy of it lives.
using Counted = std::shared_ptr<Shared>;

Counted Count(std::shared_ptr<Shared> shared) {
  ++shared->connections;
  Shared* raw = shared.get();
  return {raw, [shared = std::move(shared)](Shared*) { --shared->connections; }};
}

/// An answer up to its body: Beast's fields would be a list node for each.
std::string HeadOf(const HttpResponse& response, std::uint64_t body_bytes, unsigned version,
                   bool keep_alive) {
  std::string out;
  out.reserve(512);
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  out += version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out.append(reason.data(), reason.size());
  const auto add = [&](std::string_view name, std::string_view value) {
    out += "\r\n";
    out += name;
    out += ": ";
    // Nobody can say a header of his own through the value of one.
    for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  const bool bodyless = response.status / 100 == 1 || response.status == 204 || response.status == 304;
  if (body_bytes > 0 || !bodyless) add("Content-Length", std::to_string(body_bytes));
  if (keep_alive != (version != 10)) add("Connection", keep_alive ? "keep-alive" : "close");
  out += "\r\n\r\n";
  return out;
}

class WebSocketConnection final : public WebSocket, public std::enable_shared_from_this<WebSocketConnection> {
 public:
  WebSocketConnection(Socket socket, Counted shared)
      : shared_(std::move(shared)), stream_(std::move(socket)) {}

  void Accept(http::request<http::string_body> request, WebSocketEvents events) {
    events_ = std::move(events);
    beast::get_lowest_layer(stream_).expires_never();  // the stream below has its own
    auto timeouts = websocket::stream_base::timeout::suggested(beast::role_type::server);
    timeouts.handshake_timeout = std::chrono::seconds(5);  // also for the answer to our farewell
    stream_.set_option(timeouts);
    stream_.read_message_max(shared_->limits.message_bytes);
    stream_.text(true);
    stream_.async_accept(request, [self = shared_from_this()](ErrorCode error) {
      if (error) return self->End();
      self->open_ = true;
      self->Read();
      self->Write();
    });
  }

  void Refuse(std::string answer) {
    writing_ = std::make_shared<const std::string>(std::move(answer));
    beast::get_lowest_layer(stream_).expires_after(shared_->limits.reply);
    net::async_write(stream_.next_layer(), net::buffer(*writing_),
                     [self = shared_from_this()](ErrorCode, std::size_t) { self->End(); });
  }

  void Send(std::shared_ptr<const std::string> text) override {
    const std::size_t waiting = waiting_ += text->size();
    if (waiting > shared_->limits.waiting_bytes)  // it does not read, so it would not read a farewell either
      return net::post(stream_.get_executor(), [self = shared_from_this()] { self->End(); });
    net::post(stream_.get_executor(), [self = shared_from_this(), text = std::move(text)]() mutable {
      if (self->ended_ || self->closing_) return;
      self->queue_.push_back(std::move(text));
      self->Write();
    });
  }

  std::size_t waiting_bytes() const override { return waiting_; }

  void Close(std::uint16_t code, std::string reason) override {
    net::post(stream_.get_executor(), [self = shared_from_this(), code, reason = std::move(reason)] {
      if (self->ended_ || std::exchange(self->closing_, true)) return;
      self->close_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason.substr(0, 120));
      self->queue_.clear();
      if (self->open_ && !self->writing_) self->SendClose();
    });
  }

 private:
  void Read() {
    stream_.async_read(buffer_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error) return self->End();
      std::string message = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      if (self->events_.on_message && !self->closing_) self->events_.on_message(*self, std::move(message));
      self->Read();
    });
  }

  void Write() {
    if (!open_ || writing_ || ended_) return;
    if (closing_) return SendClose();
    if (queue_.empty()) return;
    writing_ = queue_.front();
    queue_.pop_front();
    stream_.async_write(net::buffer(*writing_), [self = shared_from_this()](ErrorCode error, std::size_t) {
      self->waiting_ -= self->writing_->size();
      self->writing_.reset();
      if (error) return self->End();
      self->Write();
    });
  }

  void SendClose() {
    // Ends by itself even if the other side never answers: the stream's handshake timeout.
    stream_.async_close(close_, [self = shared_from_this()](ErrorCode) { self->End(); });
  }

  void End() {
    if (std::exchange(ended_, true)) return;
    queue_.clear();
    beast::get_lowest_layer(stream_).close();
    const auto closed = std::exchange(events_, {}).on_closed;
    if (closed) closed();
  }

  Counted shared_;
  websocket::stream<Socket> stream_;
  beast::flat_buffer buffer_;
  WebSocketEvents events_;
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::shared_ptr<const std::string> writing_;
  std::atomic<std::size_t> waiting_ = 0;
  websocket::close_reason close_;
  bool open_ = false, closing_ = false, ended_ = false;
};

class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Socket socket, Counted shared) : shared_(std::move(shared)), stream_(std::move(socket)) {
    ErrorCode error;
    peer_ = stream_.socket().remote_endpoint(error).address().to_string(error);
    stream_.socket().non_blocking(true, error);
  }

  void Start() { Await(); }

 private:
  /// Wait for the first byte of a request, then for the rest of it: an idle connection and a slow one differ.
  void Await() {
    if (shared_->stopping) return Shut();
    parser_.emplace();
    parser_->header_limit(shared_->limits.header_bytes);
    parser_->body_limit(shared_->limits.body_bytes);
    if (buffer_.size() >
        0)  // said before its answer was there; posted, or many at once would be as many calls deep
      return net::post(stream_.get_executor(), [self = shared_from_this()] { self->ReadRequest(); });
    stream_.expires_after(shared_->limits.idle);
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](ErrorCode error, std::size_t n) {
                              if (error) return self->Shut();
                              self->buffer_.commit(n);
                              self->ReadRequest();
                            });
  }

  /// Most requests came in one piece: they are understood at once.
  void ReadRequest() {
    ErrorCode error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error && error != http::error::need_more) return Refuse(error);
    if (!error && parser_->is_header_done()) return HeaderRead();
    stream_.expires_after(shared_->limits.request);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode failed, std::size_t) {
                              failed ? self->Refuse(failed) : self->HeaderRead();
                            });
  }

  void HeaderRead() {
    if (websocket::is_upgrade(parser_->get()) || parser_->is_done()) return HandleRequest();
    stream_.expires_after(shared_->limits.request);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return SayContinue();
    ReadBody();
  }

  void SayContinue() {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(stream_, net::buffer(kContinue),
                     [self = shared_from_this()](ErrorCode error, std::size_t) {
                       error ? self->Shut() : self->ReadBody();
                     });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      error ? self->Refuse(error) : self->HandleRequest();
    });
  }

  void HandleRequest() {
    auto message = parser_->release();
    parser_.reset();
    keep_alive_ = message.keep_alive();
    head_only_ = message.method() == http::verb::head;
    version_ = message.version();
    HttpRequest request{.method = std::string(message.method_string()),
                        .raw_target = std::string(message.target()),
                        .headers = HeadersOf(message.base()),
                        .peer = peer_};
    ++shared_->requests;
    auto target = ParseHttpTarget(request.raw_target);
    if (!target) return Answer(ProblemResponse(target.error()));
    request.target = *std::move(target);
    if (websocket::is_upgrade(message)) return Upgrade(std::move(message), std::move(request));
    request.body = std::move(message.body());
    stream_.expires_never();  // how long an answer takes is the handler's business
    shared_->handler.Handle(std::move(request), [self = shared_from_this()](HttpResponse response) {
      net::dispatch(self->stream_.get_executor(),
                    [self, response = std::move(response)]() mutable { self->Answer(std::move(response)); });
    });
  }

  void Upgrade(http::request<http::string_body> message, HttpRequest request) {
    auto socket = std::make_shared<WebSocketConnection>(std::move(stream_), shared_);
    WebSocketEvents events;
    auto refused = shared_->handler.Open(request, socket, events);
    --shared_->requests;
    refused ? socket->Refuse(HeadOf(*refused, refused->body.size(), version_, false) + refused->body)
            : socket->Accept(std::move(message), std::move(events));
  }

  void Refuse(const ErrorCode& error) {
    keep_alive_ = false;
    ++shared_->requests;
    if (error == http::error::body_limit)
      return Answer(ProblemResponse(
          413, "BODY_TOO_LARGE",
          "the request's body is larger than " + std::to_string(shared_->limits.body_bytes >> 20) + " MiB"));
    if (error == http::error::header_limit)
      return Answer(ProblemResponse(431, "HEADERS_TOO_LARGE", "the request's headers are too large"));
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
      return Answer(ProblemResponse(400, "BAD_REQUEST", "this is not HTTP/1.1: " + error.message()));
    --shared_->requests;
    Shut();
  }

  void Answer(HttpResponse response) {
    file_ = std::exchange(response.file, std::nullopt);
    again_ = keep_alive_ && !shared_->stopping;
    out_ = HeadOf(response, file_ ? file_->length : response.body.size(), version_, again_);
    piece_ = std::move(response.body);
    // The length stays: what GET would have sent.
    if (head_only_) piece_.clear(), file_.reset();
    if (piece_.size() <= kJoinBytes) out_ += std::exchange(piece_, {});
    // Nearly always the kernel takes it all, and nobody has to be asked for a time to go on.
    ErrorCode error;
    std::size_t sent = 0;
    if (piece_.empty()) sent = stream_.socket().send(net::buffer(out_), 0, error);
    if (error && error != net::error::would_block) return Answered(error);
    if (piece_.empty() && sent == out_.size()) return file_ ? SendFile() : Answered({});
    stream_.expires_after(shared_->limits.reply);
    const std::array<net::const_buffer, 2> rest{net::buffer(out_) + sent, net::buffer(piece_)};
    net::async_write(stream_, rest, [self = shared_from_this()](ErrorCode failed, std::size_t) {
      failed || !self->file_ ? self->Answered(failed) : self->SendFile();
    });
  }

  /// Send the next piece of a file. Reading it may wait for the disk, a piece at a time.
  void SendFile() {
    if (file_->length == 0) return Answered({});
    piece_.resize(std::min<std::uint64_t>(file_->length, kPieceBytes));
    const ssize_t n =
        ::pread(file_->fd->get(), piece_.data(), piece_.size(), static_cast<off_t>(file_->offset));
    // Cut short meanwhile: the length was promised, so that the client must see the connection break.
    if (n <= 0) return Answered(make_error_code(http::error::partial_message));
    file_->offset += static_cast<std::uint64_t>(n);
    file_->length -= static_cast<std::uint64_t>(n);
    stream_.expires_after(shared_->limits.reply);
    net::async_write(stream_, net::buffer(piece_.data(), static_cast<std::size_t>(n)),
                     [self = shared_from_this()](ErrorCode error, std::size_t) {
                       error ? self->Answered(error) : self->SendFile();
                     });
  }

  void Answered(ErrorCode error) {
    --shared_->requests;
    file_.reset();
    piece_ = {};
    !error&& again_ ? Await() : Shut();
  }

  /// End the connection so that the other side still reads what was sent.
  void Shut() {
    ErrorCode ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  Counted shared_;
  Socket stream_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  static constexpr std::uint64_t kPieceBytes = 256 << 10;
  static constexpr std::size_t kJoinBytes = 16 << 10;  ///< bodies that are copied behind their head
  std::optional<HttpFile> file_;                       ///< what is left of it
  std::string out_;                                    ///< an answer's head, and its body if that is small
  std::string piece_;                                  ///< a larger body, or the piece of a file that is sent
  bool keep_alive_ = false, head_only_ = false, again_ = false;
  unsigned version_ = 11;
};

class Server final : public HttpServer {
 public:
  Server(HttpHandler& handler, const HttpLimits& limits, int threads) : shared_(new Shared{handler, limits}) {
    for (int i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
    acceptor_.emplace(loops_[0]->context);
    pause_.emplace(loops_[0]->context);
  }

  ~Server() override { Stop(std::chrono::milliseconds(0)); }

  Status Open(const std::string& address, std::uint16_t port) {
    ErrorCode error;
    const auto numeric = net::ip::make_address(address, error);
    if (error)
      return Fail(Code::kInvalidArgument, "BAD_ADDRESS",
                  "`" + address + "` is not a numeric address such as 127.0.0.1 or ::1");
    const tcp::endpoint endpoint(numeric, port);
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(net::socket_base::max_listen_connections, error);
    if (error)
      return Fail(Code::kUnavailable, "CANNOT_LISTEN",
                  "cannot listen on " + address + " port " + std::to_string(port) + ": " + error.message());
    port_ = acceptor_->local_endpoint(error).port();
    return {};
  }

  void Start() {
    Accept();
    for (const auto& loop : loops_) loop->thread = std::thread([&context = loop->context] { context.run(); });
  }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return shared_->connections; }

  void Stop(std::chrono::milliseconds grace) override {
    if (shared_->stopping.exchange(true)) return;
    net::post(acceptor_->get_executor(), [this] {
      ErrorCode ignored;
      acceptor_->close(ignored);
    });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (shared_->requests > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const auto& loop : loops_) loop->context.stop();
    for (const auto& loop : loops_)
      if (loop->thread.joinable()) loop->thread.join();
    pause_.reset();
    acceptor_.reset();
    loops_.clear();  // with what waited in them: connections are closed
  }

 private:
  /// One thread and the connections that are its own.
  struct Loop {
    net::io_context context{1};
    net::executor_work_guard<Executor> stays{context.get_executor()};
    std::thread thread;
  };

  void Accept() {
    if (shared_->connections >= shared_->limits.connections) {
      pause_->expires_after(std::chrono::milliseconds(20));
      pause_->async_wait([this](ErrorCode error) {
        if (!error) Accept();
      });
      return;
    }
    Loop& loop = *loops_[next_++ % loops_.size()];
    acceptor_->async_accept(loop.context.get_executor(), [this](ErrorCode error, auto socket) {
      if (error == net::error::operation_aborted || shared_->stopping) return;
      if (error) {  // no descriptors left, or the peer went away meanwhile
        Log(LogLevel::kWarning, "http", "a connection could not be accepted: " + error.message());
        pause_->expires_after(std::chrono::milliseconds(20));
        pause_->async_wait([this](ErrorCode stopped) {
          if (!stopped) Accept();
        });
        return;
      }
      ErrorCode ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      const Executor there = socket.get_executor();
      auto connection = std::make_shared<HttpConnection>(Socket(std::move(socket)), Count(shared_));
      net::dispatch(there, [connection = std::move(connection)] { connection->Start(); });
      Accept();
    });
  }

  std::shared_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::size_t next_ = 0;
  std::optional<net::basic_socket_acceptor<tcp, Executor>> acceptor_;
  std::optional<net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, Executor>>
      pause_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const std::string& address, std::uint16_t port,
                                                       HttpHandler& handler, const HttpLimits& limits,
                                                       int threads) {
  auto server = std::make_unique<Server>(handler, limits, threads);
  EASEL_RETURN_IF_ERROR(server->Open(address, port));
  server->Start();
  return server;
}

}  // namespace easel
