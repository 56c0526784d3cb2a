"""What the page shows, as cards: each has a pane, a key and a place in the order in which they first came.

Whoever has something to show puts a card; pages hear of every change, and one that comes later gets all of them."""
import threading

CARDS_MAX = 300			# of one pane; the oldest go first


class Board:
    def __init__(self):
        self.changed = threading.Condition()
        self.panes = {}
        self.turn = 0

    def put(self, pane, key, **parts):
        """A new card, or these parts of the one with this key."""
        with self.changed:
            self.turn += 1
            cards = self.panes.setdefault(pane, {})
            card = cards.setdefault(key, {"pane": pane, "key": key, "born": self.turn})
            card.update(parts, turn=self.turn)
            if len(cards) > CARDS_MAX:
                del cards[next(iter(cards))]
            self.changed.notify_all()

    def get(self, pane, key):
        with self.changed:
            return dict(self.panes.get(pane, {}).get(key, {}))

    def cards(self, pane):
        with self.changed:
            return [dict(card) for card in self.panes.get(pane, {}).values()]

    def since(self, turn, seconds):
        """The cards that changed after that turn, oldest change first, and the turn of the last; waits for one.  From the
        beginning (0) in the order in which they first came."""
        with self.changed:
            self.changed.wait_for(lambda: self.turn > turn, seconds)
            found = [dict(card) for cards in self.panes.values() for card in cards.values() if card["turn"] > turn]
            return sorted(found, key=lambda card: card["turn" if turn else "born"]), self.turn
