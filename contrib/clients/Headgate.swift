// Headgate.swift - a client of headgate's chat API in one file: iOS 15, macOS 12 and later, Foundation only
//
// Not built or run by headgate's own tests: no Swift compiler is among their tools.  The API is described in
// doc/client-api.md, and curl.sh beside this file does the same steps and is tested.
//
//	let chat = HeadgateClient(base: URL(string: "https://chat.acme.example")!, channel: "app")
//	try await chat.begin(jwt: tokenFromYourServer)		// nil: anonymous
//	let sent = try await chat.send("Where is my order?")
//	for await event in await chat.events() { ... }		// until the task is cancelled
//
// The token is in `token`: keep it in the keychain, and give it back to init() when the app starts again.

import Foundation

public struct HeadgateProblem: Error, Decodable {
	public let type: String
	public let title: String?
	public let detail: String?
	public var status: Int?
	/// The word of urn:headgate:problem:WORD, such as "session-ended" or "too-many".
	public var word: String { type.split(separator: ":").last.map(String.init) ?? type }
}

public struct HeadgateFile: Decodable, Sendable {
	public let id: String, name: String, type: String, bytes: Int, state: String, kind: String
	public let url: URL?
	public let inline: Bool
}

public struct HeadgateMessage: Decodable, Sendable {
	public struct Author: Decodable, Sendable { public let kind: String, name: String?, me: Bool }
	public let id: String, client_id: String?, thread_id: String, author: Author, kind: String, text: String
	public let files: [HeadgateFile], at: String, deleted: Bool, state: String?, channel: String
}

public struct HeadgateThread: Decodable, Sendable {
	public struct Ticket: Decodable, Sendable { public let number: String, state: String }
	public let id: String, state: String, last_at: String, unread: Int, read_up_to: String?, ticket: Ticket?
}

public struct HeadgateSent: Decodable, Sendable { public let thread: HeadgateThread, message: HeadgateMessage }

public enum HeadgateEvent: Sendable {
	case message(HeadgateThread, HeadgateMessage)
	case typing(thread: String, name: String?, on: Bool)
	case state(thread: String, message: String, state: String)
	/// The cursor was too old: fetch threads() and messages() anew.
	case reset
	/// The session has ended: begin() again.
	case bye(String)
	/// A type this file does not know; its JSON.
	case other(String, Data)
}

public actor HeadgateClient {
	struct Session: Decodable { let token: String, expires_at: String, cursor: String, unread: Int }
	struct Threads: Decodable { let threads: [HeadgateThread] }
	struct Messages: Decodable { let messages: [HeadgateMessage], more: Bool }
	struct Upload: Decodable { let id: String, offset: Int, done: Bool? }

	private let base: URL, channel: String, session = URLSession(configuration: .default)
	public private(set) var token: String?
	private var cursor: String?

	public init(base: URL, channel: String, token: String? = nil) {
		self.base = base.appendingPathComponent("client/v1")
		self.channel = channel
		self.token = token
	}

	// MARK: session

	/// Also renews: an old token keeps the visitor who he was.
	@discardableResult
	public func begin(jwt: String? = nil) async throws -> Int {
		var body: [String: Any] = ["channel": channel]
		if let token { body["token"] = token }
		if let jwt { body["identity"] = ["jwt": jwt] }
		let made: Session = try await call("POST", "session", body)
		token = made.token
		cursor = cursor ?? made.cursor
		return made.unread
	}

	public func logout() async throws {
		_ = try await raw("DELETE", "session", nil)
		token = nil
		cursor = nil
	}

	// MARK: conversation

	public func threads() async throws -> [HeadgateThread] {
		let page: Threads = try await call("GET", "threads?limit=50", nil)
		return page.threads
	}

	public func messages(_ thread: String, before: String? = nil) async throws -> (messages: [HeadgateMessage], more: Bool) {
		let page: Messages = try await call("GET", "threads/\(thread)/messages?limit=50" + (before.map { "&before=\($0)" } ?? ""), nil)
		return (page.messages, page.more)
	}

	/// Returns once the message is on the server's disk.  Keep `id` with the message until then: after a lost answer, or a
	/// restart of the app, the same id makes it the same message.
	public func send(_ text: String, thread: String? = nil, files: [String] = [], id: String = HeadgateClient.newId()) async throws -> HeadgateSent {
		let path = thread.map { "threads/\($0)/messages" } ?? "threads"
		var pause = 1.0
		while true {
			do {
				return try await call("POST", path, ["id": id, "text": text, "files": files])
			} catch let problem as HeadgateProblem where (problem.status ?? 500) < 500 {
				throw problem
			} catch is CancellationError {
				throw CancellationError()
			} catch {		// no answer, or 5xx: it may have arrived, and the id says so
				try await Task.sleep(nanoseconds: UInt64(pause * Double.random(in: 0.5...1) * 1e9))
				pause = min(pause * 2, 60)
			}
		}
	}

	public func read(_ thread: String, upTo message: String) async throws {
		_ = try await raw("POST", "threads/\(thread)/read", ["message": message])
	}

	/// At most every 3 seconds while the user writes.
	public func typing(_ thread: String, on: Bool = true) async throws {
		_ = try await raw("POST", "threads/\(thread)/typing", ["on": on])
	}

	/// The id to send with a message.  In pieces of 256 KiB, going on where the server says it is.
	public func upload(_ data: Data, name: String, type: String) async throws -> String {
		let made: Upload = try await call("POST", "uploads", ["name": name, "type": type, "bytes": data.count])
		var offset = made.offset, failed = 0
		while offset < data.count {
			let end = min(offset + 262_144, data.count)
			do {
				let said: Upload = try await call("PUT", "uploads/\(made.id)", data.subdata(in: offset..<end),
					headers: ["Content-Type": "application/octet-stream", "Content-Range": "bytes \(offset)-\(end - 1)/\(data.count)"])
				offset = said.offset
				failed = 0
			} catch let error as URLError {
				failed += 1
				if failed == 5 { throw error }
				try await Task.sleep(nanoseconds: UInt64(failed) * 1_000_000_000)
				let known: Upload = try await call("GET", "uploads/\(made.id)", nil)
				offset = known.offset
			}
		}
		return made.id
	}

	// MARK: live events

	/// Goes on until the task that reads it is cancelled.
	public func events() -> AsyncStream<HeadgateEvent> {
		AsyncStream { out in
			let task = Task {
				var pause = 1.0
				while !Task.isCancelled {
					do {
						try await self.stream(to: out)
						pause = 1
					} catch let problem as HeadgateProblem where problem.status == 401 {
						do { try await self.begin() } catch { out.yield(.bye(problem.word)); break }
					} catch {}
					try? await Task.sleep(nanoseconds: UInt64(pause * Double.random(in: 0.5...1) * 1e9))
					pause = min(pause * 2, 60)
				}
				out.finish()
			}
			out.onTermination = { _ in task.cancel() }
		}
	}

	private func stream(to out: AsyncStream<HeadgateEvent>.Continuation) async throws {
		var request = self.request("GET", "events")
		request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
		if let cursor { request.setValue(cursor, forHTTPHeaderField: "Last-Event-ID") }
		request.timeoutInterval = 20		// of silence: the server gives a sign every 15 seconds
		let (bytes, response) = try await session.bytes(for: request)
		let status = (response as? HTTPURLResponse)?.statusCode ?? 0
		guard status == 200 else { throw HeadgateProblem(type: "urn:headgate:problem:refused", title: nil, detail: nil, status: status) }
		var kind = "message", data = "", id: String?, line = [UInt8]()
		// Not bytes.lines: that leaves out empty lines, which are the ends of events.
		for try await byte in bytes {
			guard byte == 10 else { line.append(byte); continue }
			let text = String(decoding: line, as: UTF8.self)
			line.removeAll(keepingCapacity: true)
			if text.isEmpty {
				if !data.isEmpty { out.yield(Self.event(kind, Data(data.utf8))) }
				if let id { cursor = id }
				kind = "message"; data = ""; id = nil
			} else if text.hasPrefix("data:") {
				data += (data.isEmpty ? "" : "\n") + text.dropFirst(5).drop { $0 == " " }
			} else if text.hasPrefix("event:") {
				kind = text.dropFirst(6).trimmingCharacters(in: .whitespaces)
			} else if text.hasPrefix("id:") {
				id = text.dropFirst(3).trimmingCharacters(in: .whitespaces)
			}
		}
	}

	private static func event(_ kind: String, _ data: Data) -> HeadgateEvent {
		struct Typing: Decodable { let thread_id: String, name: String?, on: Bool }
		struct State: Decodable { let thread_id: String, message_id: String, state: String }
		struct Bye: Decodable { let reason: String }
		let read = JSONDecoder()
		switch kind {
		case "message": if let e = try? read.decode(HeadgateSent.self, from: data) { return .message(e.thread, e.message) }
		case "typing": if let e = try? read.decode(Typing.self, from: data) { return .typing(thread: e.thread_id, name: e.name, on: e.on) }
		case "message.state": if let e = try? read.decode(State.self, from: data) { return .state(thread: e.thread_id, message: e.message_id, state: e.state) }
		case "reset": return .reset
		case "bye": if let e = try? read.decode(Bye.self, from: data) { return .bye(e.reason) }
		default: break
		}
		return .other(kind, data)
	}

	// MARK: one request

	private func request(_ method: String, _ path: String) -> URLRequest {
		var request = URLRequest(url: URL(string: base.absoluteString + "/" + path)!)
		request.httpMethod = method
		if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
		return request
	}

	private func raw(_ method: String, _ path: String, _ body: Any?, headers: [String: String] = [:]) async throws -> Data {
		var request = self.request(method, path)
		if let data = body as? Data {
			request.httpBody = data
		} else if let body {
			request.httpBody = try JSONSerialization.data(withJSONObject: body)
			request.setValue("application/json", forHTTPHeaderField: "Content-Type")
		}
		headers.forEach { request.setValue($1, forHTTPHeaderField: $0) }
		let (data, response) = try await session.data(for: request)
		let status = (response as? HTTPURLResponse)?.statusCode ?? 0
		guard (200..<300).contains(status) else {
			var problem = (try? JSONDecoder().decode(HeadgateProblem.self, from: data)) ??
				HeadgateProblem(type: "about:blank", title: nil, detail: nil, status: status)
			problem.status = status
			throw problem
		}
		return data
	}

	private func call<T: Decodable>(_ method: String, _ path: String, _ body: Any?, headers: [String: String] = [:]) async throws -> T {
		try JSONDecoder().decode(T.self, from: await raw(method, path, body, headers: headers))
	}

	/// A UUIDv7 (RFC 9562, section 5.7).
	public static func newId() -> String {
		var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
		let now = UInt64(Date().timeIntervalSince1970 * 1000)
		for at in 0..<6 { bytes[at] = UInt8(truncatingIfNeeded: now >> UInt64(40 - 8 * at)) }
		bytes[6] = bytes[6] & 0x0f | 0x70
		bytes[8] = bytes[8] & 0x3f | 0x80
		let hex = bytes.map { String(format: "%02x", $0) }.joined()
		let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { hex[hex.index(hex.startIndex, offsetBy: $0.lowerBound)..<hex.index(hex.startIndex, offsetBy: $0.upperBound)] }
		return parts.joined(separator: "-")
	}
}
