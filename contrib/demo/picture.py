"""A photo for the customer to send: a bowl in two pieces, drawn here, so that no picture has to lie in the repository."""
import functools
import math
import struct
import zlib

WIDTH, HEIGHT = 360, 270
TABLE, WALL = (214, 190, 158), (236, 229, 217)
GLAZE, DARK, RIM, CLAY = (63, 110, 165), (40, 80, 127), (244, 239, 230), (201, 160, 120)


def blend(one, other, share):
    return tuple(a + (b - a) * share for a, b in zip(one, other))


def bowl(x, y):
    """Colour of the bowl at that point of its own plane, about (0, 0) with a radius of 1; None beside it."""
    if (x / 1) ** 2 + ((y + .32) / .26) ** 2 <= 1:			# its mouth
        return RIM if (x / .87) ** 2 + ((y + .31) / .18) ** 2 > 1 else blend(DARK, (20, 44, 74), (y + .5) * 1.5)
    if y < -.32 or y > .62 or abs(x) > math.sqrt(max(0, 1 - ((y + .32) / 1.02) ** 2)):
        return None
    band = abs(y - .02 - .05 * math.sin(x * 7)) < .1
    return blend(DARK if band else GLAZE, (15, 30, 60), max(0, x) * .45 + max(0, -x - .6) * .3)


def point(x, y):
    """Colour of the picture at x, y in 0 to 1: two halves of the bowl, apart and askew."""
    ground = blend(WALL, (206, 196, 182), y * 1.6) if y < .42 else blend(TABLE, (176, 146, 112), (y - .42) * 1.2)
    for side, turn, dx, dy in ((-1, -.16, -.075, .0), (1, .24, .1, .03)):
        u, v = (x - .5 - dx) / .30, (y - .55 - dy) / .40
        u, v = u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)
        crack = .05 * math.sin(v * 9) + .035 * math.sin(v * 23)
        if side * (u - crack) < 0:
            continue
        colour = bowl(u, v)
        if colour:
            return CLAY if side * (u - crack) < .045 and v > -.3 else colour
    shade = ((x - .52) / .36) ** 2 + ((y - .8) / .055) ** 2
    return blend(ground, (90, 70, 50), .5 * (1 - shade)) if shade < 1 else ground


@functools.lru_cache(1)
def png():
    """Its bytes (PNG specification, RFC 2083)."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = bytearray()
    for row in range(HEIGHT):
        rows.append(0)
        for column in range(WIDTH):
            four = [point((column + dx) / WIDTH, (row + dy) / HEIGHT) for dx in (.25, .75) for dy in (.25, .75)]
            rows += bytes(max(0, min(255, round(sum(c) / 4))) for c in zip(*four))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b""))
