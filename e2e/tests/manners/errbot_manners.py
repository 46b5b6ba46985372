"""Types lines at the real Errbot, in its own test back end, and tells what it answers.

One JSON object a line comes in: `text`, `place` ("direct", or the name of a room) and `person`. For each, one JSON object
goes out: `answers`, the messages that came back, and `ended`. Behind each line a marker is typed, and commands run one after the other,
so that what comes before the marker's answer is all there is. When a line ends Errbot, `ended` is true, and this ends.
"""

import json
import logging
import os
import sys
import tempfile
import threading
import types
from pathlib import Path

# What is printed by others is no answer.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

# The test back end has a fixture for pytest, which nothing here uses.
sys.modules["pytest"] = types.SimpleNamespace(fixture=lambda function: function)

from errbot.backends.base import Message  # noqa: E402
from errbot.backends.test import TestBot, TestOccupant  # noqa: E402

ADMIN = "alice"
DIRECT = "direct"
# The room that the bot is in from the start.
ROOM = "#general"
MARKER = "what was typed before is answered"
ENDED = object()

# Longer than any command takes on a busy machine, in seconds.
PATIENCE = 60


def started():
    """Errbot as our bot is set up: the same names, no prefix in direct messages; nothing is looked up on the internet."""
    index = Path(tempfile.mkdtemp()) / "index.json"
    index.write_text('{"errbotio/err-helloworld": {"HelloWorld": {"path": "helloWorld.plug", "repo": "x", '
                     '"documentation": "Says hello", "name": "HelloWorld", "python": "3", "avatar_url": ""}}}')
    config = {
        "BOT_ADMINS": (ADMIN,),
        "BOT_PREFIX": "!",
        "BOT_PREFIX_OPTIONAL_ON_CHAT": True,
        "BOT_ALT_PREFIXES": ("@errbot", "errbot", "bot"),
        "BOT_ALT_PREFIX_SEPARATORS": (":", ",", ";"),
        "BOT_ALT_PREFIX_CASEINSENSITIVE": True,
        "BOT_ASYNC_POOLSIZE": 1,
        "BOT_PLUGIN_INDEXES": (str(index),),
        "AUTOINSTALL_DEPS": False,
    }
    plugins = Path(__file__).parent / "errbot-plugins"
    test_bot = TestBot(extra_plugin_dir=str(plugins), loglevel=logging.CRITICAL, extra_config=config)
    test_bot.start()
    test_bot.bot.query_room(ROOM).join()
    # So that there is a log to look at.
    logging.critical("Errbot has started")
    return test_bot.bot


def message(bot, text, place, person):
    typed = Message(text)
    if place == DIRECT:
        typed.frm, typed.to = bot.build_identifier(person), bot.bot_identifier
    else:
        room = bot.query_room(place)
        typed.frm, typed.to = TestOccupant(person, room), room
    return typed


def hand_over(bot, messages):
    for typed in messages:
        try:
            bot.callback_message(typed)
        except Exception:
            # As the back end for Slack does.
            logging.exception("a message was not taken")


def answers(bot, line):
    """What is answered to `line`, and whether Errbot ends with it."""
    marker = message(bot, f"!marker {MARKER}", DIRECT, ADMIN)
    typed = message(bot, line["text"], line["place"], line["person"])
    threading.Thread(target=hand_over, args=(bot, (typed, marker)), daemon=True).start()
    answered = []
    while True:
        answer = bot.pop_message(timeout=PATIENCE)
        if answer is ENDED or answer == MARKER:
            return answered, answer is ENDED
        answered.append(answer)


def main():
    bot = started()

    def ends(*_):
        bot.outgoing_message_queue.put(ENDED)
        threading.Event().wait()

    # How it restarts and how it shuts down.
    os.execl = os.kill = ends
    for line in sys.stdin:
        answered, is_over = answers(bot, json.loads(line))
        print(json.dumps({"answers": answered, "ended": is_over}), file=ANSWERS, flush=True)
        if is_over:
            break
    # Neither waits for what still runs.
    os._exit(0)


main()
