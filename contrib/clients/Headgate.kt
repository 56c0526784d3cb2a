// Headgate.kt - a client of headgate's chat API in one file: Android and JVM, kotlinx-coroutines and org.json
//
// Not built or run by headgate's own tests: no Kotlin compiler is among their tools.  The API is described in
// doc/client-api.md, and curl.sh beside this file does the same steps and is tested.
//
//	val chat = HeadgateClient("https://chat.acme.example", "app")
//	chat.begin(jwt = tokenFromYourServer)			// null: anonymous
//	val sent = chat.send("Where is my order?")
//	chat.events().collect { event -> ... }			// until the coroutine is cancelled
//
// The token is in `token`: keep it in EncryptedSharedPreferences or the keystore, and give it back when the app starts again.
package example.headgate

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.security.SecureRandom
import kotlin.random.Random
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.withContext
import org.json.JSONArray
import org.json.JSONObject

/** What the server refused; word is that of urn:headgate:problem:WORD, such as "session-ended" or "too-many". */
class HeadgateProblem(val status: Int, val word: String, detail: String) : Exception(detail)

/** One live event: "message" with thread and message, "typing", "message.state", "reset" (fetch anew), "bye" (begin again), ... */
data class HeadgateEvent(val type: String, val data: JSONObject)

class HeadgateClient(base: String, private val channel: String, @Volatile var token: String? = null) {
	private val base = base.trimEnd('/') + "/client/v1/"
	@Volatile private var cursor: String? = null

	// ---- session ----

	/** Also renews: an old token keeps the visitor who he was.  Returns what POST session says. */
	suspend fun begin(jwt: String? = null): JSONObject {
		val body = JSONObject().put("channel", channel)
		token?.let { body.put("token", it) }
		jwt?.let { body.put("identity", JSONObject().put("jwt", it)) }
		val made = call("POST", "session", body)
		token = made.getString("token")
		cursor = cursor ?: made.getString("cursor")
		return made
	}

	suspend fun logout() {
		call("DELETE", "session")
		token = null
		cursor = null
	}

	// ---- conversation ----

	suspend fun threads(): JSONArray = call("GET", "threads?limit=50").getJSONArray("threads")

	/** Oldest first; "more" says whether there are older ones, to be had with before = the id of the first. */
	suspend fun messages(thread: String, before: String? = null): JSONObject =
		call("GET", "threads/$thread/messages?limit=50" + (before?.let { "&before=$it" } ?: ""))

	/**
	 * Returns {thread, message} once it is on the server's disk.  Keep id with the message until then: after a lost answer, or
	 * a restart of the app, the same id makes it the same message.
	 */
	suspend fun send(text: String, thread: String? = null, files: List<String> = emptyList(), id: String = newId()): JSONObject {
		val body = JSONObject().put("id", id).put("text", text).put("files", JSONArray(files))
		var pause = 1000L
		while (true) {
			try {
				return call("POST", if (thread != null) "threads/$thread/messages" else "threads", body)
			} catch (problem: HeadgateProblem) {
				if (problem.status < 500) throw problem
			} catch (lost: IOException) {
				// It may have arrived: the id says so.
			}
			delay((pause * Random.nextDouble(0.5, 1.0)).toLong())
			pause = minOf(pause * 2, 60_000)
		}
	}

	suspend fun read(thread: String, message: String) { call("POST", "threads/$thread/read", JSONObject().put("message", message)) }

	/** At most every 3 seconds while the user writes. */
	suspend fun typing(thread: String, on: Boolean = true) { call("POST", "threads/$thread/typing", JSONObject().put("on", on)) }

	/** The id to send with a message.  In pieces of 256 KiB, going on where the server says it is. */
	suspend fun upload(data: ByteArray, name: String, type: String): String {
		val made = call("POST", "uploads", JSONObject().put("name", name).put("type", type).put("bytes", data.size))
		val id = made.getString("id")
		var offset = made.getInt("offset")
		var failed = 0
		while (offset < data.size) {
			val end = minOf(offset + 262_144, data.size)
			try {
				offset = call("PUT", "uploads/$id", data.copyOfRange(offset, end),
					mapOf("Content-Type" to "application/octet-stream", "Content-Range" to "bytes $offset-${end - 1}/${data.size}")).getInt("offset")
				failed = 0
			} catch (lost: IOException) {
				if (++failed == 5) throw lost
				delay(1000L * failed)
				offset = call("GET", "uploads/$id").getInt("offset")
			}
		}
		return id
	}

	// ---- live events ----

	/** Goes on until the coroutine that collects it is cancelled; do so when the app goes into the background. */
	fun events(): Flow<HeadgateEvent> = flow {
		var pause = 1000L
		while (true) {
			try {
				stream(this)
				pause = 1000L
			} catch (problem: HeadgateProblem) {
				if (problem.status == 401) begin()		// throws what ended the session for good
			} catch (lost: IOException) {
				// Again, after a pause.
			}
			delay((pause * Random.nextDouble(0.5, 1.0)).toLong())
			pause = minOf(pause * 2, 60_000)
		}
	}.flowOn(Dispatchers.IO)

	private suspend fun stream(out: FlowCollector<HeadgateEvent>) {
		val connection = open("GET", "events", mapOf("Accept" to "text/event-stream") + (cursor?.let { mapOf("Last-Event-ID" to it) } ?: emptyMap()))
		connection.readTimeout = 20_000			// of silence: the server gives a sign every 15 seconds
		try {
			refuse(connection)
			var type = "message"
			var id: String? = null
			val data = StringBuilder()
			connection.inputStream.bufferedReader().use { lines ->
				while (true) {
					currentCoroutineContext().ensureActive()
					val line = lines.readLine() ?: return
					when {
						line.isEmpty() -> {
							if (data.isNotEmpty()) out.emit(HeadgateEvent(type, JSONObject(data.toString())))
							id?.let { cursor = it }
							type = "message"; id = null; data.clear()
						}
						line.startsWith("data:") -> { if (data.isNotEmpty()) data.append('\n'); data.append(line.substring(5).removePrefix(" ")) }
						line.startsWith("event:") -> type = line.substring(6).trim()
						line.startsWith("id:") -> id = line.substring(3).trim()
					}
				}
			}
		} finally {
			connection.disconnect()
		}
	}

	// ---- one request ----

	private fun open(method: String, path: String, headers: Map<String, String>): HttpURLConnection {
		val connection = URL(base + path).openConnection() as HttpURLConnection
		connection.requestMethod = method
		connection.connectTimeout = 15_000
		connection.readTimeout = 40_000
		token?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
		headers.forEach { (name, value) -> connection.setRequestProperty(name, value) }
		return connection
	}

	private fun refuse(connection: HttpURLConnection) {
		val status = connection.responseCode
		if (status in 200..299) return
		val said = connection.errorStream?.bufferedReader()?.use { it.readText() } ?: "{}"
		val problem = runCatching { JSONObject(said) }.getOrDefault(JSONObject())
		throw HeadgateProblem(status, problem.optString("type").substringAfterLast(':'), problem.optString("detail", "refused"))
	}

	private suspend fun call(method: String, path: String, body: Any? = null, headers: Map<String, String> = emptyMap()): JSONObject =
		withContext(Dispatchers.IO) {
			val json = if (body is JSONObject) mapOf("Content-Type" to "application/json") else emptyMap()
			val connection = open(method, path, json + headers)
			try {
				if (body != null) {
					connection.doOutput = true
					connection.outputStream.use { it.write(if (body is ByteArray) body else body.toString().toByteArray()) }
				}
				refuse(connection)
				val said = ByteArrayOutputStream().also { connection.inputStream.copyTo(it) }.toString("UTF-8")
				if (said.isBlank()) JSONObject() else JSONObject(said)
			} finally {
				connection.disconnect()
			}
		}

	companion object {
		private val random = SecureRandom()

		/** A UUIDv7 (RFC 9562, section 5.7). */
		fun newId(): String {
			val bytes = ByteArray(16).also(random::nextBytes)
			val now = System.currentTimeMillis()
			for (at in 0..5) bytes[at] = (now shr (40 - 8 * at)).toByte()
			bytes[6] = (bytes[6].toInt() and 0x0f or 0x70).toByte()
			bytes[8] = (bytes[8].toInt() and 0x3f or 0x80).toByte()
			val hex = bytes.joinToString("") { "%02x".format(it) }
			return listOf(0 to 8, 8 to 12, 12 to 16, 16 to 20, 20 to 32).joinToString("-") { (from, to) -> hex.substring(from, to) }
		}
	}
}
