// headgate.dart - a client of headgate's chat API in one file: Dart 3, Flutter on phones and desktops, no packages
//
// Not built or run by headgate's own tests: no Dart compiler is among their tools.  The API is described in
// doc/client-api.md, and curl.sh beside this file does the same steps and is tested.
//
//	final chat = HeadgateClient(Uri.parse('https://chat.acme.example'), 'app');
//	await chat.begin(jwt: tokenFromYourServer);		// null: anonymous
//	final sent = await chat.send('Where is my order?');
//	chat.events().listen((event) { ... });			// until the subscription is cancelled
//
// The token is in `token`: keep it in flutter_secure_storage, and give it back when the app starts again.  In a browser use the
// widget: dart:io is not there.
import 'dart:async';
import 'dart:convert';
import 'dart:io';
import 'dart:math';
import 'dart:typed_data';

/// What the server refused; [word] is that of urn:headgate:problem:WORD, such as "session-ended" or "too-many".
class HeadgateProblem implements Exception {
  HeadgateProblem(this.status, this.word, this.detail);
  final int status;
  final String word, detail;
  @override
  String toString() => 'HeadgateProblem($status $word: $detail)';
}

/// One live event: "message" with thread and message, "typing", "message.state", "reset" (fetch anew), "bye" (begin again), ...
class HeadgateEvent {
  HeadgateEvent(this.type, this.data);
  final String type;
  final Map<String, dynamic> data;
}

class HeadgateClient {
  HeadgateClient(Uri base, this.channel, {this.token})
      : _base = '${base.toString().replaceAll(RegExp(r'/+$'), '')}/client/v1/';

  final String channel, _base;
  final _http = HttpClient()..connectionTimeout = const Duration(seconds: 15);
  final _random = Random.secure();
  String? token, _cursor;

  // ---- session ----

  /// Also renews: an old token keeps the visitor who he was.  Returns what POST session says.
  Future<Map<String, dynamic>> begin({String? jwt}) async {
    final made = await _call('POST', 'session', {
      'channel': channel,
      if (token != null) 'token': token,
      if (jwt != null) 'identity': {'jwt': jwt},
    });
    token = made['token'] as String;
    _cursor ??= made['cursor'] as String;
    return made;
  }

  Future<void> logout() async {
    await _call('DELETE', 'session');
    token = _cursor = null;
  }

  // ---- conversation ----

  Future<List<dynamic>> threads() async => (await _call('GET', 'threads?limit=50'))['threads'] as List<dynamic>;

  /// Oldest first; "more" says whether there are older ones, to be had with [before] = the id of the first.
  Future<Map<String, dynamic>> messages(String thread, {String? before}) =>
      _call('GET', 'threads/$thread/messages?limit=50${before == null ? '' : '&before=$before'}');

  /// Returns {thread, message} once it is on the server's disk.  Keep [id] with the message until then: after a lost answer, or a
  /// restart of the app, the same id makes it the same message.
  Future<Map<String, dynamic>> send(String text, {String? thread, List<String> files = const [], String? id}) async {
    final body = {'id': id ?? newId(), 'text': text, 'files': files};
    for (var pause = 1000;; pause = min(pause * 2, 60000)) {
      try {
        return await _call('POST', thread == null ? 'threads' : 'threads/$thread/messages', body);
      } on HeadgateProblem catch (problem) {
        if (problem.status < 500) rethrow;
      } on IOException {
        // It may have arrived: the id says so.
      } on TimeoutException {
        // The same.
      }
      await _wait(pause);
    }
  }

  Future<void> read(String thread, String message) => _call('POST', 'threads/$thread/read', {'message': message});

  /// At most every 3 seconds while the user writes.
  Future<void> typing(String thread, {bool on = true}) => _call('POST', 'threads/$thread/typing', {'on': on});

  /// The id to send with a message.  In pieces of 256 KiB, going on where the server says it is.
  Future<String> upload(Uint8List data, String name, String type) async {
    final made = await _call('POST', 'uploads', {'name': name, 'type': type, 'bytes': data.length});
    final id = made['id'] as String;
    var offset = made['offset'] as int, failed = 0;
    while (offset < data.length) {
      final end = min(offset + 262144, data.length);
      try {
        final said = await _call('PUT', 'uploads/$id', Uint8List.sublistView(data, offset, end), {
          'Content-Type': 'application/octet-stream',
          'Content-Range': 'bytes $offset-${end - 1}/${data.length}',
        });
        offset = said['offset'] as int;
        failed = 0;
      } on IOException {
        if (++failed == 5) rethrow;
        await _wait(1000 * failed);
        offset = (await _call('GET', 'uploads/$id'))['offset'] as int;
      }
    }
    return id;
  }

  // ---- live events ----

  /// Goes on until nobody listens any more; cancel it when the app goes into the background.
  Stream<HeadgateEvent> events() async* {
    for (var pause = 1000;; pause = min(pause * 2, 60000)) {
      try {
        await for (final event in _stream()) {
          pause = 500;
          yield event;
        }
      } on HeadgateProblem catch (problem) {
        if (problem.status == 401) await begin(); // throws what ended the session for good
      } on IOException {
        // Again, after a pause.
      } on TimeoutException {
        // The same.
      }
      await _wait(pause);
    }
  }

  Stream<HeadgateEvent> _stream() async* {
    final response = await _open('GET', 'events', null, {
      'Accept': 'text/event-stream',
      if (_cursor != null) 'Last-Event-ID': _cursor!,
    });
    var type = 'message', data = <String>[];
    String? id;
    // Of silence: the server gives a sign every 15 seconds.
    final lines = response.timeout(const Duration(seconds: 20)).transform(utf8.decoder).transform(const LineSplitter());
    await for (final line in lines) {
      if (line.isEmpty) {
        if (id != null) _cursor = id;
        if (data.isNotEmpty) yield HeadgateEvent(type, jsonDecode(data.join('\n')) as Map<String, dynamic>);
        type = 'message';
        id = null;
        data = [];
      } else if (line.startsWith('data:')) {
        data.add(line.startsWith('data: ') ? line.substring(6) : line.substring(5));
      } else if (line.startsWith('event:')) {
        type = line.substring(6).trim();
      } else if (line.startsWith('id:')) {
        id = line.substring(3).trim();
      }
    }
  }

  // ---- one request ----

  Future<void> _wait(int ms) => Future.delayed(Duration(milliseconds: (ms * (0.5 + _random.nextDouble() / 2)).round()));

  Future<HttpClientResponse> _open(String method, String path, Object? body, Map<String, String> headers) async {
    final request = await _http.openUrl(method, Uri.parse(_base + path));
    if (token != null) request.headers.set('Authorization', 'Bearer $token');
    headers.forEach(request.headers.set);
    if (body is Uint8List) {
      request.contentLength = body.length;
      request.add(body);
    } else if (body != null) {
      final bytes = utf8.encode(jsonEncode(body));
      request.headers.set('Content-Type', 'application/json');
      request.contentLength = bytes.length;
      request.add(bytes);
    }
    final response = await request.close().timeout(const Duration(seconds: 40));
    if (response.statusCode ~/ 100 == 2) return response;
    Map<String, dynamic> said = {};
    try {
      said = jsonDecode(await response.transform(utf8.decoder).join()) as Map<String, dynamic>;
    } on FormatException {
      // No answer of headgate's: a proxy's, perhaps.
    }
    throw HeadgateProblem(response.statusCode, '${said['type'] ?? ''}'.split(':').last, '${said['detail'] ?? 'refused'}');
  }

  Future<Map<String, dynamic>> _call(String method, String path, [Object? body, Map<String, String> headers = const {}]) async {
    final response = await _open(method, path, body, headers);
    final said = await response.transform(utf8.decoder).join();
    return said.isEmpty ? {} : jsonDecode(said) as Map<String, dynamic>;
  }

  /// A UUIDv7 (RFC 9562, section 5.7).
  String newId() {
    final bytes = List<int>.generate(16, (_) => _random.nextInt(256));
    final now = DateTime.now().millisecondsSinceEpoch;
    for (var at = 0; at < 6; at++) {
      bytes[at] = (now >> (40 - 8 * at)) & 0xff;
    }
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    final hex = bytes.map((byte) => byte.toRadixString(16).padLeft(2, '0')).join();
    return [hex.substring(0, 8), hex.substring(8, 12), hex.substring(12, 16), hex.substring(16, 20), hex.substring(20)].join('-');
  }
}
